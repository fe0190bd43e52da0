"""One page of `GET /api/models`, from a view of a recording: parameters in, bytes and the next cursor out; pure.

Rows whose recorded fields are all wanted go out as the bytes that were recorded, neighbours in one read; only the
others are cut to the fields asked for. Cursors are the Hub's own: base64 of a predicate on `_id`, or on the sort key
and `_id`. Does not know HTTP, quotas or faults.

Unlike the Hub, `filter`, `search` and the like are answered by reading every row, so they are slow on big recordings.
"""

from __future__ import annotations

import base64
import binascii
import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, NamedTuple

import msgspec
import orjson

from crawler.recording import View
from crawler.recording_rows import BITS, CHANGED, EXPANDABLE, GONE, OTHER, decode_fields

MAX_LIMIT = 1000
SORTS = ("createdAt", "lastModified", "downloads", "likes", "trendingScore")
_PLAIN = ("likes", "trendingScore", "private", "downloads", "tags", "pipeline_tag", "library_name", "createdAt")
_FULL = (*_PLAIN, "author", "sha", "lastModified", "gated", "disabled", "siblings", "safetensors")
_OID = re.compile(r"[0-9a-fA-F]{24}")

UpperBounds = Literal["refused", "ignored", "honoured"]


class BadRequest(ValueError):
    """The request cannot be answered: HTTP 400 with this message."""


class Cursor(NamedTuple):
    """Where a page begins: after (`forward`) or before `oid`; under other sorts than createdAt also after `value`."""

    oid: bytes
    forward: bool = True
    value: int | float | str | None = None
    until: bytes | None = None  # `$lte`; whether the Hub honours it is not known


@dataclass(frozen=True)
class Shape:
    """Which fields of a row are shown. `mask`: bits of BITS; modelId is not in the recording and added here."""

    mask: int
    model_id: bool = False

    @property
    def unwanted(self) -> int:
        """A row with one of these bits cannot go out as it was recorded."""
        return ~self.mask & (OTHER | sum(BITS.values()))


@dataclass(frozen=True)
class Query:
    """What one request asks for."""

    shape: Shape
    limit: int = MAX_LIMIT
    sort: str = "trendingScore"
    descending: bool = True
    cursor: Cursor | None = None
    author: str | None = None
    search: str | None = None
    tags: tuple[str, ...] = ()
    gated: bool | None = None
    pipeline_tag: str | None = None

    @property
    def filtered(self) -> bool:
        """Whether rows have to be read to know whether they belong."""
        return bool(self.author or self.search or self.tags or self.pipeline_tag) or self.gated is not None


class Page(NamedTuple):
    """JSON objects (several may be joined by commas in one part), the rows behind them, and the next cursor."""

    parts: list[bytes]
    rows: list[int]
    next: str | None


def bits(names: Iterable[str]) -> int:
    """Field names as bits."""
    return sum(BITS[name] for name in names)


def parse(params: Sequence[tuple[str, str]], upper_bounds: UpperBounds = "refused") -> Query:
    """The query string's pairs as a Query; unknown parameters are ignored as on the Hub. Raises BadRequest."""
    first = dict(reversed(params))
    sort = first.get("sort", "")
    sort = sort if sort in SORTS else "trendingScore"
    limit = first.get("limit", "")
    text = first.get("cursor")
    cursor = parse_cursor(text, upper_bounds) if text else None
    tags = tuple(t for k, v in params if k == "filter" for t in v.split(",") if t)
    return Query(
        shape=parse_shape(params),
        limit=max(1, min(int(limit), MAX_LIMIT)) if limit.isdecimal() else MAX_LIMIT,
        sort=sort,
        descending=first.get("direction") != "1",
        cursor=cursor,
        author=first.get("author"),
        search=first.get("search"),
        tags=tags,
        gated={"true": True, "false": False}.get(first.get("gated", "")),
        pipeline_tag=first.get("pipeline_tag"),
    )


def parse_expand(params: Sequence[tuple[str, str]]) -> Shape | None:
    """The fields that `expand` or `expand[]` names, None when it is absent. Raises BadRequest with the valid list."""
    expand = [v for k, v in params if k in ("expand", "expand[]")]
    for name in expand:
        if name not in BITS:
            valid = "|".join(f'"{option}"' for option in EXPANDABLE)
            raise BadRequest(f"Invalid option {name!r} for expand: expected one of {valid}")
    return Shape(bits(set(expand))) if expand else None


def parse_shape(params: Sequence[tuple[str, str]]) -> Shape:
    """The fields of a listing row: those of `expand`, else the plain ones and what full, cardData and config add."""
    if expanded := parse_expand(params):
        return expanded
    given = dict(params)
    mask = bits(_FULL if given.get("full") == "true" else _PLAIN)
    for name in ("cardData", "config"):
        if given.get(name) == "true":
            mask |= BITS[name]
    return Shape(mask, model_id=True)


def parse_cursor(text: str, upper_bounds: UpperBounds = "refused") -> Cursor:
    """Read a cursor, ours or one that a client made: any 24-hex bound is good. Raises BadRequest."""
    try:
        predicate = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4)))
        if "$or" in predicate:
            first = predicate["$or"][0]
            key = next(k for k in first if k != "_id")
            return Cursor(_oid(first["_id"]["$gt"]), True, first[key])
        bounds = predicate["_id"]
        if "$lte" in bounds and upper_bounds == "refused":
            raise BadRequest("Invalid cursor")
        until = _oid(bounds["$lte"]) if "$lte" in bounds and upper_bounds == "honoured" else None
        if "$lt" in bounds:
            return Cursor(_oid(bounds["$lt"]), forward=False)
        return Cursor(_oid(bounds["$gt"]), until=until)
    except (binascii.Error, orjson.JSONDecodeError, KeyError, TypeError, IndexError, StopIteration) as e:
        raise BadRequest("Invalid cursor") from e


def _oid(text: object) -> bytes:
    if not isinstance(text, str) or not _OID.fullmatch(text):
        raise BadRequest("Invalid cursor")
    return bytes.fromhex(text)


def write_cursor(query: Query, oid: bytes, value: object = None) -> str:
    """The cursor that goes on after this row, in the Hub's own form."""
    last = oid.hex()
    if query.sort == "createdAt":
        predicate: dict[str, object] = {"_id": {"$lt" if query.descending else "$gt": last}}
        if query.cursor and query.cursor.until:
            predicate = {"_id": {"$gt": last, "$lte": query.cursor.until.hex()}}
    elif value is None:
        predicate = {"$or": [{query.sort: None, "_id": {"$gt": last}}]}
    else:
        comparison = {"$lt" if query.descending else "$gt": value}
        same = {query.sort: value, "_id": {"$gt": last}}
        predicate = {"$or": [same, {query.sort: comparison}, {query.sort: None}]}
    return base64.b64encode(orjson.dumps(predicate)).decode()


def page(view: View, query: Query) -> Page:
    """The rows that the query asks for, at most `limit` of them."""
    fits = matcher(query)
    if query.sort == "createdAt":
        rows = _by_creation(view, query)
    else:
        order, values = ordered(view, query.sort, query.descending)
        rows = (order[i] for i in range(_after(view, query, order, values), len(order)))
    if query.filtered:
        rows = (row for row in rows if fits(view.text(row)))
    taken = list(islice(rows, query.limit))
    more = len(taken) == query.limit and next(rows, None) is not None
    if not more:
        return Page(_texts(view, taken, query.shape), taken, None)
    return Page(_texts(view, taken, query.shape), taken, cursor_after(view, query, taken[-1]))


def cursor_after(view: View, query: Query, row: int) -> str:
    """The cursor of the page that begins behind this row."""
    value = None if query.sort == "createdAt" else _value(view, row, query.sort)
    return write_cursor(query, view.recording.oid_at(row), value)


def _by_creation(view: View, query: Query) -> Iterator[int]:
    rec, cursor, masks = view.recording, query.cursor, view.masks
    if query.descending:
        end = len(rec) if cursor is None else rec.first_at_or_after(cursor.oid) + (cursor.forward)
        return (row for row in range(end - 1, -1, -1) if not masks[row] & GONE)
    start, end = 0, len(rec)
    if cursor is not None:
        start = rec.first_at_or_after(cursor.oid)
        start += start < end and rec.oid_at(start) == cursor.oid
        if cursor.until is not None:
            end = rec.first_at_or_after(cursor.until)
            end += end < len(rec) and rec.oid_at(end) == cursor.until
    return (row for row in range(start, end) if not masks[row] & GONE)


def ordered(view: View, key: str, descending: bool) -> tuple[Sequence[int], Sequence[int | float | str]]:
    """All rows by a mutable key, then `_id`, and the keys of those that have one; the others come last. Made once."""
    name = f"{key} {descending}"
    if name not in view.orders:
        rows = [row for row, mask in enumerate(view.masks) if not mask & GONE]
        values = {row: v for row in rows if view.masks[row] & BITS[key] and (v := _value(view, row, key)) is not None}
        # reverse=True keeps equal keys in their old order, so `_id` ascends within them either way
        have = sorted(values, key=values.__getitem__, reverse=descending)
        order = array("I", have)
        order.extend(row for row in rows if row not in values)
        view.orders[name] = (order, [values[r] for r in have])
    return view.orders[name]


def _value(view: View, row: int, key: str) -> int | float | str | None:
    value = getattr(_sortable.decode(view.text(row)), key)
    return value if isinstance(value, str if key == "lastModified" else int | float) else None


class _Sortable(msgspec.Struct):
    lastModified: object = None
    downloads: object = None
    likes: object = None
    trendingScore: object = None


_sortable = msgspec.json.Decoder(_Sortable)


def _after(view: View, query: Query, order: Sequence[int], values: Sequence[int | float | str]) -> int:
    """The first place in the order after the cursor; the cursor's row itself may be gone or have moved."""
    cursor = query.cursor
    if cursor is None:
        return 0

    def comes_after(place: int) -> bool:
        oid = view.recording.oid_at(order[place])
        if place >= len(values) or cursor.value is None:
            return place >= len(values) and (cursor.value is not None or oid > cursor.oid)
        if values[place] == cursor.value:
            return oid > cursor.oid
        return (values[place] < cursor.value) == query.descending  # type: ignore[operator]

    return bisect_left(range(len(order)), True, key=comes_after)


def matcher(query: Query) -> Callable[[bytes], bool]:
    """Whether a row's JSON fits author, search, filter, gated and pipeline_tag. An unstated gating fits neither."""
    author = f"{query.author}/".lower() if query.author else None
    search = query.search.lower() if query.search else None

    def fits(text: bytes) -> bool:
        row = _filterable.decode(text)
        repo_id = row.id.lower()
        if (author and not repo_id.startswith(author)) or (search and search not in repo_id):
            return False
        if query.gated is not None and (row.gated is None or bool(row.gated) != query.gated):
            return False
        if query.pipeline_tag and row.pipeline_tag != query.pipeline_tag:
            return False
        if query.tags:
            tags = {*row.tags, row.pipeline_tag, row.library_name} if isinstance(row.tags, list) else set()
            return all(tag in tags for tag in query.tags)
        return True

    return fits


class _Filterable(msgspec.Struct):
    id: str
    tags: object = None
    gated: object = None
    pipeline_tag: object = None
    library_name: object = None


_filterable = msgspec.json.Decoder(_Filterable)


def _texts(view: View, rows: list[int], shape: Shape) -> list[bytes]:
    """JSON of the rows in order; rows that lie side by side and need no cutting are read together."""
    rec, masks = view.recording, view.masks
    cut_if = shape.unwanted | CHANGED
    if shape.model_id:
        return [shaped(view.text(row), shape) for row in rows]
    starts, lengths = rec.starts, rec.lengths
    parts: list[bytes] = []
    begin = end = 0  # a pending read; `end` excludes the comma that follows
    for row in rows:
        mask, start = masks[row], starts[row]
        if mask & cut_if:
            if end > begin:
                parts.append(rec.file.read(begin, end - begin))
                begin = end = 0
            text = view.text(row)
            parts.append(shaped(text, shape) if mask & shape.unwanted else text)
        elif end and start == end + 1:
            end = start + lengths[row]
        else:
            if end > begin:
                parts.append(rec.file.read(begin, end - begin))
            begin, end = start, start + lengths[row]
    if end > begin:
        parts.append(rec.file.read(begin, end - begin))
    return parts


def shaped(text: bytes, shape: Shape) -> bytes:
    """One row cut to the fields of the shape; `_id` and `id` always stay, absent fields stay absent."""
    fields = decode_fields(text)
    kept = {k: v for k, v in fields.items() if k in ("_id", "id") or BITS.get(k, OTHER) & shape.mask}
    if shape.model_id:
        kept["modelId"] = fields["id"]
    return msgspec.json.encode(kept)

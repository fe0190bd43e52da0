"""JSON of the Hub -> records. Parses at the door; every row on its own; never raises for a bad row.

Two steps, because most rows of most nights are unchanged:

1. `decode_page(body)` -> `Listed | Reject` for each row: identity, counters and a fingerprint of everything else.
2. `expand(listed)`    -> `Repo | Reject`: all fields, typed, only for rows whose fingerprint is new.

A `Repo` is also what `store.py` gives back, so a judgement sees the same record whether it came from the Hub
or from hub.db. Field meanings: the Hub's API (`expand` of `GET /api/models`), section 1 of its documentation.
Does no I/O and decides nothing. The records hold nothing that could point back at them, so the garbage collector need
not look at them (`gc=False`): a page is read twice as fast.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Raw, Struct

#: What we ask the listing for. `_id` and `id` always come. All of it is metadata: reading it is not a download.
EXPAND = (
    "author",
    "baseModels",
    "cardData",
    "config",
    "createdAt",
    "disabled",
    "downloads",
    "downloadsAllTime",
    "gated",
    "gguf",
    "lastModified",
    "library_name",
    "likes",
    "pipeline_tag",
    "private",
    "safetensors",
    "sha",
    "siblings",
    "tags",
    "transformersInfo",
)

#: Front matter that is long and says nothing about openness.
_CARD_DATA_DROPPED = frozenset(
    {"widget", "extra_gated_prompt", "extra_gated_fields", "extra_gated_description", "extra_gated_heading",
     "extra_gated_button_content", "inference", "thumbnail", "model-index"}
)  # fmt: skip
MAX_FILES = 2_000  # names kept of one repo; `file_count` always says how many there are
MAX_CARD_DATA = 64_000  # bytes of front matter kept, from which on long values are dropped
UNREADABLE = "?"  # in place of what was shown and says nothing to us: a licence that is no text, a word for gating


_encode = msgspec.json.Encoder().encode


class Reject(Struct, frozen=True, gc=False):
    """A row of the listing that could not be read, kept with its reason."""

    oid: str | None
    repo_id: str | None
    reason: str
    row: bytes


class Listed(Struct, frozen=True, rename="camel", gc=False):
    """One row of the listing, its identity and counters read, the rest still raw JSON."""

    oid: str = msgspec.field(name="_id")
    repo_id: str = msgspec.field(name="id")
    sha: str | None = None
    created_at: str | None = None
    last_modified: str | None = None
    author: str | None = None
    private: bool | None = None
    disabled: bool | None = None
    gated: bool | str | None = None
    downloads: int | None = None
    downloads_all_time: int | None = None
    likes: int | None = None
    pipeline_tag: str | None = msgspec.field(name="pipeline_tag", default=None)
    library_name: str | None = msgspec.field(name="library_name", default=None)
    tags: Raw = Raw()
    card_data: Raw = Raw()
    siblings: Raw = Raw()
    base_models: Raw = Raw()
    config: Raw = Raw()
    safetensors: Raw = Raw()
    gguf: Raw = Raw()
    transformers_info: Raw = Raw()

    def fingerprint(self) -> bytes:
        """8 bytes over everything but the counters: equal means that nothing but counters can have changed."""
        told = (self.repo_id, self.sha, self.created_at, self.last_modified, self.author, self.private, self.disabled,
                self.gated, self.pipeline_tag, self.library_name, self.tags, self.card_data, self.siblings,
                self.base_models, self.config, self.safetensors, self.gguf, self.transformers_info)  # fmt: skip
        return blake2b(_encode(told), digest_size=8).digest()


class Base(Struct, frozen=True, array_like=True, gc=False):
    """A declared ancestor. `relation`: finetune, adapter, quantized, merge, or '' when only the name is given."""

    relation: str
    repo_id: str
    stated_by: str = "hub"  # hub (baseModels or a tag) or card (front matter)


class Repo(Struct, frozen=True, gc=False):
    """One model repository as the Hub showed it. `None` = the Hub did not say; never a default that looks like a
    fact.
    """

    oid: str
    repo_id: str
    fingerprint: bytes
    author: str | None = None
    sha: str | None = None
    created_at: str | None = None  # ISO 8601, UTC
    last_modified: str | None = None
    private: bool | None = None
    disabled: bool | None = None
    gated: str | None = None  # 'no', 'auto', 'manual'; UNREADABLE, before it is stored: shown in a word unknown to us
    license: str | None = None  # as declared: the id of the tag; several joined by ', '
    license_name: str | None = None
    license_link: str | None = None
    pipeline_tag: str | None = None
    library: str | None = None
    tags: tuple[str, ...] | None = None
    bases: tuple[Base, ...] = ()
    files: tuple[str, ...] | None = None  # None: the file list was not shown; () : shown and empty
    file_count: int | None = None
    card_data: dict[str, Any] | None = None  # front matter as the Hub parsed it, long fields dropped; `extra_gated` =
    # it had fields that ask for something before access
    architectures: tuple[str, ...] = ()
    model_type: str | None = None
    custom_code: bool = False  # config has auto_map: the architecture is code in the repo
    parameters: int | None = None  # safetensors or gguf total
    gguf: bool = False
    auto_model: str | None = None  # transformersInfo
    downloads: int | None = None  # last 30 days
    downloads_all_time: int | None = None
    likes: int | None = None
    repo: int | None = None  # our key, once stored
    observed: str | None = None  # date of the crawl that saw these facts
    rejected_since: str | None = None  # night from which on its row could not be read: these facts are older


class _Sibling(Struct, gc=False):
    rfilename: str


class _NamedModel(Struct, gc=False):
    id: str


class _BaseModels(Struct, gc=False):
    models: list[_NamedModel]
    relation: str | None = None


class _Config(Struct, gc=False):
    architectures: tuple[str, ...] | None = None
    model_type: str | None = None
    auto_map: dict[str, Any] | None = None


class _Parameters(Struct, gc=False):
    total: int | float | None = None
    architecture: str | None = None


class _TransformersInfo(Struct, gc=False):
    auto_model: str | None = None


class _Identity(Struct, gc=False):
    oid: Any = msgspec.field(name="_id", default=None)
    repo_id: Any = msgspec.field(name="id", default=None)


_page = msgspec.json.Decoder(list[Listed])
_rows = msgspec.json.Decoder(list[Raw])
_listed = msgspec.json.Decoder(Listed)
_identity = msgspec.json.Decoder(_Identity)
_tags = msgspec.json.Decoder(tuple[str, ...] | None)
_siblings = msgspec.json.Decoder(list[_Sibling] | None)
_card_data = msgspec.json.Decoder(dict[str, Any] | None)
_base_models = msgspec.json.Decoder(_BaseModels | None)
_config = msgspec.json.Decoder(_Config | None)
_parameters = msgspec.json.Decoder(_Parameters | None)
_transformers_info = msgspec.json.Decoder(_TransformersInfo | None)
_NO_CONFIG = _Config()


class NotAPage(ValueError):
    """The body is not a JSON list: a broken answer, to be fetched again."""


def decode_page(body: bytes) -> list[Listed | Reject]:
    """Rows of one listing page, in order. Raises NotAPage when the body as a whole is not a JSON list."""
    try:
        page = _page.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_rows(body)
    return [*page] if all(row.oid and row.repo_id for row in page) else _decode_rows(body)


def _decode_rows(body: bytes) -> list[Listed | Reject]:
    """Row by row, because one of them cannot be read."""
    try:
        raws = _rows.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as e:
        raise NotAPage(str(e)) from e
    rows: list[Listed | Reject] = []
    for raw in raws:
        try:
            row = _listed.decode(raw)
            if not row.oid or not row.repo_id:
                raise ValueError("empty _id or id")
            rows.append(row)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as e:
            rows.append(_reject(bytes(raw), str(e)))
    return rows


def _reject(raw: bytes, reason: str) -> Reject:
    """A Reject that still knows whose row it was, if the row says so."""
    try:
        who = _identity.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        who = _Identity()
    oid, name = (said if isinstance(said, str) and said else None for said in (who.oid, who.repo_id))
    return Reject(oid, name, reason, raw[:2_000])


def rejected(listed: Listed, reason: str) -> Reject:
    """A row that was read as a row and cannot be used."""
    return Reject(listed.oid, listed.repo_id, reason, _encode(listed)[:2_000])


def expand(listed: Listed) -> Repo | Reject:
    """All fields of a listed row, or the reason why they cannot be read."""
    try:
        return _expand(listed)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, TypeError) as e:
        return rejected(listed, str(e))


def _expand(row: Listed) -> Repo:
    tags = _tags.decode(row.tags) if row.tags else None
    siblings = _siblings.decode(row.siblings) if row.siblings else None
    files = None if siblings is None else tuple([s.rfilename for s in siblings])
    card = _card_of(row.card_data) if row.card_data else None
    config = (_config.decode(row.config) if row.config else None) or _NO_CONFIG
    safetensors = _parameters.decode(row.safetensors) if row.safetensors else None
    gguf = _parameters.decode(row.gguf) if row.gguf else None
    info = _transformers_info.decode(row.transformers_info) if row.transformers_info else None
    license_name, license_link = _own_license(card)
    marked = tuple([t for t in tags if ":" in t]) if tags else ()  # that say more than a word: licence, base models
    total = (safetensors and safetensors.total) or (gguf and gguf.total) or None
    return Repo(  # by place, in the order of its fields: by name it takes seven times as long
        row.oid,
        row.repo_id,
        row.fingerprint(),
        row.author if row.author is not None else _author(row.repo_id),
        row.sha,
        row.created_at,
        row.last_modified,
        row.private,
        row.disabled,
        None if row.gated is None else gating(row.gated) or UNREADABLE,
        declared_license(marked, card),
        license_name,
        license_link,
        row.pipeline_tag,
        row.library_name,
        tags,
        _bases(_field_bases(row.base_models), marked, card),
        files[:MAX_FILES] if files is not None else None,
        len(files) if files is not None else None,
        card,
        config.architectures or (),
        config.model_type,
        bool(config.auto_map),
        int(total) if total else None,
        gguf is not None,
        info.auto_model if info else None,
        row.downloads,
        row.downloads_all_time,
        row.likes,
    )


def _card_of(raw: Raw) -> dict[str, Any] | None:
    """Front matter without what is long and says nothing; of a huge one, what it declares is kept at any length."""
    card = _card_data.decode(raw)
    if card is None:
        return None
    if not _CARD_DATA_DROPPED.isdisjoint(card):
        asks = any(key.startswith("extra_gated") for key in card)
        card = {k: v for k, v in card.items() if k not in _CARD_DATA_DROPPED} | ({"extra_gated": True} if asks else {})
    if len(raw) > MAX_CARD_DATA and len(_encode(card)) > MAX_CARD_DATA:
        card = {k: v for k, v in card.items() if k.startswith("license") or _names_base(k) or len(_encode(v)) < 4_000}
    return card


def _author(repo_id: str) -> str | None:
    return repo_id.split("/", 1)[0] if "/" in repo_id else None


def gating(value: bool | str | None) -> str | None:
    """The Hub's word for gating as ours: no, auto, manual; None when it says nothing that we know."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "auto" if value else "no"
    word = value.strip().lower()
    return word if word in ("auto", "manual") else None


_OWN_LICENSE = frozenset({"license_name", "license-name", "license_link", "license-link"})


def _own_license(card: dict[str, Any] | None) -> tuple[str | None, str | None]:
    """Name and link of a licence that has no id."""
    if card is None or _OWN_LICENSE.isdisjoint(card):
        return None, None
    name = _text(card, "license_name") or _text(card, "license-name")
    return name, _text(card, "license_link") or _text(card, "license-link")


def _text(card: dict[str, Any], key: str) -> str | None:
    value = card.get(key)
    return value.strip() or None if isinstance(value, str) else None


def strings(value: Any) -> tuple[str, ...]:
    """Front matter is str, list or nonsense; the strings in it, in order."""
    if isinstance(value, str):
        return (value.strip(),) if value.strip() else ()
    if isinstance(value, list | tuple):
        return tuple(v.strip() for v in value if isinstance(v, str) and v.strip())
    return ()


def declared(value: Any) -> tuple[str, ...]:
    """The strings of a declaration in front matter, in order; UNREADABLE where something stands that is none."""
    if isinstance(value, str):
        return (value.strip(),) if value.strip() else ()
    items = value if isinstance(value, list | tuple) else [value]
    found = []
    for item in items:
        if isinstance(item, str):
            found += [item.strip()] if item.strip() else []
        elif item is True or (item not in (None, False) and item not in ([], {})):
            found.append(UNREADABLE)
    return tuple(found)


def declared_license(tags: tuple[str, ...] | None, card: dict[str, Any] | None) -> str | None:
    """The licence ids of the tags and of the front matter: lower case, in order, once each, joined by ', '.

    The Hub makes the tag of the front matter; where they differ, both were said.
    """
    found = [t[8:] for t in tags or () if t[:8] == "license:"]
    said = card.get("license") if card else None
    if not found and said is None:
        return None
    if found == [said]:  # most rows: the tag says what the front matter says
        return found[0].strip().lower() or None
    found += declared(said)
    return ", ".join(dict.fromkeys(f.strip().lower() for f in found if f.strip())) or None


_RELATIONS = frozenset({"finetune", "adapter", "quantized", "merge"})
#: `base_model` and what people write for it, without dashes, underscores and capitals.
_BASE_KEYS = frozenset({"basemodel", "basemodels", "modelbase"})


@lru_cache(maxsize=4096)
def _names_base(key: str) -> bool:
    """Whether a key of front matter is what people write for `base_model`."""
    return key.replace("-", "").replace("_", "").replace(" ", "").lower() in _BASE_KEYS


def _field_bases(base_models: Raw) -> tuple[Base, ...]:
    """Ancestors that the Hub's own field names."""
    stated = _base_models.decode(base_models) if base_models else None
    return () if stated is None else tuple(Base(stated.relation or "", model.id, "hub") for model in stated.models)


def declared_bases(tags: tuple[str, ...] | None, card: dict[str, Any] | None) -> tuple[Base, ...]:
    """Ancestors that tags and front matter name, whatever the Hub's own field says."""
    return _bases((), tags, card)


def _bases(stated: tuple[Base, ...], tags: tuple[str, ...] | None, card: dict[str, Any] | None) -> tuple[Base, ...]:
    """Declared ancestors from the Hub's own field, its tags and the card, each name once, the best relation kept.

    Front matter that declares one in a form that cannot be read gives UNREADABLE: that is not "no base".
    """
    found = {base.repo_id: base for base in stated} if stated else {}
    for tag in tags or ():
        if tag[:11] == "base_model:":
            relation, _, name = tag[11:].partition(":")
            if relation not in _RELATIONS or not name:
                relation, name = "", tag[11:]
            if name and (name not in found or (relation and not found[name].relation)):
                found[name] = Base(relation, name, "hub")
    if card is None:
        return tuple(found.values())
    said = card.get("base_model_relation")
    relation = said if isinstance(said, str) and said in _RELATIONS else ""
    for key, value in card.items():
        if _names_base(key):
            for name in declared(value):
                if name not in found:
                    found[name] = Base(relation, name, "card")
    return tuple(found.values())

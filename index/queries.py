"""What the commands read from index.db: all their SQL, rows made into frozen values. Reads only.

Every function takes an open sqlite3 connection to a published index (`open_index` opens one read-only) and changes
nothing. What a page says about these values is in explain.py, how it looks in terminal.py; the tables are written by
publish.py.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process

from crawler import database
from crawler.errors import ForeignDatabase, OtherSchema, UsageError
from crawler.session import SAMPLE
from index import families, trends
from index.rows import (
    Ancestor,
    Cell,
    Change,
    Claim,
    FamilyPage,
    LevelCount,
    License,
    Model,
    Page,
    Proof,
    Summary,
    Verdict,
)  # fmt: skip
from index.trends import Count, Night, Series

HUB = "https://huggingface.co/"
MAX_DEPTH = 8  # generations of ancestors shown
#: Families that a summary names, where the index has one of their own models, in this order.
FAMOUS = (
    "Llama 2", "Llama 3", "Llama 3.1", "Llama 4", "Mistral 7B", "Mixtral", "Gemma 1", "Gemma 2", "Gemma 3", "Qwen 2",
    "Qwen 2.5", "Qwen 3", "DeepSeek V3", "DeepSeek R1", "gpt-oss", "BLOOM", "Falcon 1", "Pythia", "OLMo 1", "OLMo 2",
    "OLMo 3", "Apertus", "Phi-3", "Stable Diffusion 1", "Stable Diffusion XL", "FLUX.1", "Whisper",
)  # fmt: skip
_BREADTH = 12  # ancestors of one model shown
_ANCESTORS = 200  # in a tree; a generation that would make it more is not shown
_BASES = """SELECT l.base_model, l.relation, l.stated_by, l.license, l.base_license, l.conflict, m.level,
              m.id IS NOT NULL
            FROM lineage l LEFT JOIN models m ON m.id = l.base_model WHERE l.id = ? ORDER BY l.base_model LIMIT ?"""


def open_index(path: Path) -> sqlite3.Connection:
    """Opens a published index for reading. UsageError: none there; ForeignDatabase, OtherSchema: none of ours."""
    if not path.is_file():
        raise UsageError(f"There is no index at {path}. Run `openness nightly --hub sample` (or another hub) first.")
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        _rows(db, "SELECT 1 FROM models, judgements LIMIT 0")
    except sqlite3.DatabaseError as e:
        db.close()
        raise ForeignDatabase(f"{path} is not an openness index ({e}); nothing was changed.") from e
    try:
        check_columns(db, path)
    except OtherSchema:
        db.close()
        raise
    return db


@cache
def _published_columns() -> database.Columns:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(files("index").joinpath("published.sql").read_text(encoding="utf-8"))
        return database.columns(db)


def check_columns(db: sqlite3.Connection, path: Path) -> None:
    """Raises OtherSchema where an index lacks what this version reads; more than that does not hurt."""
    if missing := _published_columns() - database.columns(db):
        raise OtherSchema(
            f"{path} was published by another version of openness: it has no {database.named(missing)}. "
            "Run `openness publish`, then try again."
        )


def resolve(db: sqlite3.Connection, text: str) -> str | None:
    """The id that a reader means: an id in any case, a Hub address, or a name that the repository once had."""
    name = clean_id(text)
    for sql in (
        "SELECT id FROM models WHERE id = ?",
        "SELECT id FROM names WHERE name = ? ORDER BY coalesce(until, '9999') DESC, since DESC LIMIT 1",
    ):
        for (found,) in _rows(db, sql, name):
            return found
    return None


def clean_id(text: str) -> str:
    """'https://huggingface.co/org/name/tree/main' -> 'org/name'; anything else but blanks is kept."""
    text = text.strip()
    match = re.match(r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/([^/?#\s]+/[^/?#\s]+)", text)
    return match[1] if match else text


def suggest(db: sqlite3.Connection, text: str, limit: int = 5) -> tuple[str, ...]:
    """Ids that look like `text`, the likeliest first; at equal likeness the more downloaded one. May be empty.

    A family's name ('llama3') first brings its best known model; of an AUTHOR/NAME, that author's models come first.
    """
    name = clean_id(text)
    words = re.findall(r"[^\W_]+", name.casefold())
    if not words:
        return ()
    meant = [best_of_family(db, family.name) for family in families.find_families(name)]
    first = [model.id for model in meant if model is not None]
    found: dict[str, int] = {}
    # Whole words first: a million names that begin with a letter cost 40 ms to find, those with a word nothing.
    for star, join in (("", " "), ("", " OR "), ("*", " "), ("*", " OR ")):
        query = join.join(f'"{w}"{star if len(w) > 2 else ""}' for w in words if join == " " or len(w) > 2)
        if query and not found:
            sql = """SELECT m.id, coalesce(m.downloads, 0) FROM models_fts f CROSS JOIN models m ON m.place = f.rowid
                     WHERE f.models_fts MATCH ? AND m.missing_since IS NULL LIMIT 1000"""
            found |= dict(_rows(db, sql, query))
    if len(found) < limit:  # a typing error in every word: the best known names are the likeliest
        sql = """SELECT id, coalesce(downloads, 0) FROM models
                 WHERE missing_since IS NULL ORDER BY downloads DESC LIMIT 5000"""
        found |= dict(_rows(db, sql))
    scored = process.extract(name.casefold(), {i: i.casefold() for i in found}, scorer=fuzz.WRatio, limit=100)
    near = [(score, found[key], key) for _, score, key in scored if score >= 60]
    first = [*_suggest_of_author(db, name), *first]
    first += [key for _, _, key in sorted(near, key=lambda n: (-round(n[0]), -n[1]))]
    return tuple(dict.fromkeys(first))[:limit]


def _suggest_of_author(db: sqlite3.Connection, text: str, limit: int = 3) -> list[str]:
    """Models of the author that `text` names whose own name looks most like the one typed."""
    author, _, name = "/".join(text.strip("/").split("/")[-2:]).partition("/")
    if not author or not name:
        return []
    sql = """SELECT id, coalesce(downloads, 0) FROM models
             WHERE id >= ? AND id < ? AND missing_since IS NULL ORDER BY downloads DESC LIMIT 5000"""
    found = dict(_rows(db, sql, f"{author}/", f"{author}0"))
    names = {i: re.sub(r"[\W_]+", "", i.partition("/")[2].casefold()) for i in found}
    wanted = re.sub(r"[\W_]+", "", name.casefold())
    scored = process.extract(wanted, names, scorer=fuzz.WRatio, limit=100, score_cutoff=60)
    # Of the family that is named ('Llama3'), if it is one; then the likeliest, the most downloaded, the shortest.
    family = families.find_family(name)
    own = {i for i in found if family is not None and families.family_of_lineage(i, ())[0] == family.name}
    order = sorted(scored, key=lambda hit: (hit[2] not in own, -round(hit[1]), -found[hit[2]], len(hit[2])))
    return [key for _, _, key in order][:limit]


def get_model(db: sqlite3.Connection, model_id: str) -> Model | None:
    """One model by its present id; None when the index does not have it."""
    for row in _rows(db, f"SELECT {', '.join(Model._fields)} FROM models WHERE id = ?", model_id):
        return Model(*row)
    return None


def get_page(db: sqlite3.Connection, model_id: str) -> Page | None:
    """Everything about one model; None when the index does not have it."""
    model = get_model(db, model_id)
    if model is None:
        return None
    proofs = [Proof(*r) for r in _select(db, "evidence", Proof._fields, "id = ?", model.id)]
    titles = dict(_rows(db, "SELECT key, title FROM dimensions"))
    cells = tuple(
        Cell(dimension, titles.get(dimension, dimension), value, rule, reason, _of(proofs, dimension))
        for dimension, value, rule, reason in _rows(
            db,
            """SELECT j.dimension, j.value, j.rule, j.reason FROM judgements j
               JOIN dimensions d ON d.key = j.dimension WHERE j.id = ? ORDER BY d.number""",
            model.id,
        )
    )
    newest_first = "id = ? ORDER BY date DESC"
    return Page(
        model=model,
        cells=cells,
        claims=_of(proofs, "claim"),
        license=get_license(db, model.license),
        license_effective=get_license(db, model.license_effective),
        ancestors=_ancestors(db, model.id),
        changes=tuple(Change(*r) for r in _select(db, "changes", Change._fields, newest_first, model.id)),
        verdicts=tuple(Verdict(*r) for r in _select(db, "verdict_history", Verdict._fields, newest_first, model.id)),
        series=model_series(db, model),
    )


def get_license(db: sqlite3.Connection, license_id: str | None) -> License | None:
    """The catalogue's row of a licence id; None when there is no id or the catalogue does not know it."""
    for row in _select(db, "licenses", License._fields, "id = ?", license_id):
        return License(*row)
    return None


def model_series(db: sqlite3.Connection, model: Model) -> Series:
    """The days of one model, with what others observed when we did not. Day 0 of its age is when it was created."""
    counts = [
        Count(date.fromisoformat(day), *numbers)
        for day, *numbers in _rows(
            db, "SELECT date, downloads, downloads_all_time, likes FROM downloads WHERE id = ? ORDER BY date", model.id
        )
    ]
    imported = _rows(
        db, "SELECT date, downloads, downloads_all_time, likes, source FROM imported_downloads WHERE id = ?", model.id
    )
    counts += [Count(date.fromisoformat(d), n, total, likes, source=source) for d, n, total, likes, source in imported]
    events = _rows(db, "SELECT date, field FROM changes WHERE id = ? AND field IN ('missing', 'returned')", model.id)
    away = trends.absences([(date.fromisoformat(d), f) for d, f in events], _date(model.missing_since))
    seen = trends.observed_nights(nights(db), model.author)
    points = trends.fill(counts, seen, date.fromisoformat(model.first_seen), away)
    return Series(model.id, points, _date(model.created_at))


def family_series(db: sqlite3.Connection, family: str) -> Series | None:
    """The days of a family, fine-tunes and copies included; None when the index has no total of it.

    Day 0 of its age is its release, else the day on which its oldest member was created on the Hub.
    """
    rows = _rows(
        db,
        """SELECT date, downloads, models, members, same_downloads, same_downloads_last FROM family_downloads
           WHERE family = ? ORDER BY date""",
        family,
    )
    if not rows:
        return None
    known = families.find_family(family)
    released = known.released if known else None
    if released is None:
        published = _rows(db, "SELECT oldest FROM families WHERE family = ?", family)
        oldest = published or _rows(db, "SELECT min(created_at) FROM models WHERE family = ?", family)
        released = _date(oldest[0][0])
    totals = [
        Count(date.fromisoformat(day), downloads, models=models, members=members, same=same, same_last=same_last)
        for day, downloads, models, members, same, same_last in rows
    ]
    last = _date(_rows(db, "SELECT max(date) FROM crawls")[0][0])
    seen = frozenset(date.fromisoformat(night) for (night,) in _rows(db, "SELECT date FROM complete_nights"))
    return Series(family, trends.fill_family(totals, last, seen), released, "family")


def nights(db: sqlite3.Connection) -> tuple[Night, ...]:
    """Every walk over the Hub, oldest first."""
    rows = _rows(db, "SELECT date, complete, scope FROM crawls ORDER BY date, id")
    return tuple(Night(date.fromisoformat(d), bool(complete), scope) for d, complete, scope in rows)


def changes_since(
    db: sqlite3.Connection, since: date, fields: Sequence[str] = ("license", "gated", "level"), limit: int = 200
) -> tuple[Change, ...]:
    """Events of these fields on or after a day, the most downloaded models first."""
    marks = ", ".join("?" * len(fields))
    where = f"date >= ? AND field IN ({marks}) ORDER BY downloads DESC, date DESC, id LIMIT ?"
    return tuple(Change(*r) for r in _select(db, "changes", Change._fields, where, since.isoformat(), *fields, limit))


def level_counts(db: sqlite3.Connection) -> tuple[LevelCount, ...]:
    """Models on the Hub by level, lowest first, those not judged last."""
    names = dict(_rows(db, "SELECT level, name FROM levels"))
    rows = _rows(
        db,
        """SELECT level, count(*), sum(downloads), sum(level_max > level), count(downloads) FROM models
           WHERE missing_since IS NULL GROUP BY level ORDER BY level IS NULL, level""",
    )
    return tuple(
        LevelCount(level or "not judged", names.get(level, ""), n, total, higher or 0, counted)
        for level, n, total, higher, counted in rows
    )


def best_of_family(db: sqlite3.Connection, family: str) -> Model | None:
    """The most downloaded of a family's own repositories on the Hub; None when it has none there.

    Where the last night gave no counter, the last one that was ever seen decides.
    """
    sql = f"""SELECT {", ".join(Model._fields)} FROM models
              WHERE id = (SELECT official_model FROM families WHERE family = ?)"""
    for row in _rows(db, sql, family):
        return Model(*row)
    return None


def get_family(db: sqlite3.Connection, text: str, limit: int = 50) -> FamilyPage | None:
    """The family that a text names ('Llama 3', 'llama3'), with at most `limit` of its maker's own repositories.

    None when no family is called that, or the index has no model of it.
    """
    known = families.find_family(text)
    counted = [] if known is None else _rows(
        db, "SELECT count(*) FROM models WHERE family = ? AND missing_since IS NULL", known.name
    )  # fmt: skip
    if known is None or not counted[0][0]:
        return None
    sql = f"""SELECT {", ".join(Model._fields)} FROM models
              WHERE family = ? AND official = 1 AND missing_since IS NULL
              ORDER BY downloads DESC NULLS LAST, id LIMIT ?"""
    official = tuple(Model(*row) for row in _rows(db, sql, known.name, limit))
    licenses = tuple(get_license(db, m.license_effective) for m in official)
    released = known.released.isoformat() if known.released else None
    return FamilyPage(known.name, known.maker, released, counted[0][0], official, licenses)


def failed_claims(db: sqlite3.Connection, limit: int = 5) -> tuple[Claim, ...]:
    """Models on the Hub that call themselves open source although what we know excludes it, most downloaded first."""
    where = "holds = 'no' AND missing_since IS NULL ORDER BY downloads DESC LIMIT ?"
    return tuple(Claim(*r) for r in _select(db, "claims", Claim._fields, where, limit))


def get_summary(db: sqlite3.Connection, claims: int = 5) -> Summary:
    """Levels, the best known models and the claims that fail, as of the last walk over the Hub."""
    last = _rows(db, "SELECT date, complete FROM crawls ORDER BY date DESC, id DESC LIMIT 1")
    day, complete = last[0] if last else (None, 0)
    best = [(family, best_of_family(db, family)) for family in FAMOUS]
    known = tuple((family, m, get_license(db, m.license_effective)) for family, m in best if m is not None)
    return Summary(day, bool(complete), level_counts(db), known, failed_claims(db, claims))


def about(db: sqlite3.Connection) -> dict[str, str]:
    """The index about itself: when published, of which Hub, how many nights."""
    return {key: value for key, value in _rows(db, "SELECT key, value FROM about") if value is not None}


def is_sample(db: sqlite3.Connection) -> bool:
    """Whether this is the index of the bundled sample, whose cards their makers did not write."""
    return about(db).get("hub") == SAMPLE


def _ancestors(db: sqlite3.Connection, model_id: str) -> tuple[Ancestor, ...]:
    """The tree of a model's ancestors, generation by generation, as far as there are not too many of them.

    Merges of merges name the same ones on every path: twelve wide and eight deep would be 430 million.
    """
    known: dict[str, list[Any]] = {}

    def bases(one: str) -> list[Any]:
        if one not in known:
            known[one] = _rows(db, _BASES, one, _BREADTH)
        return known[one]

    def tree(one: str, path: tuple[str, ...], depth: int) -> Iterator[Ancestor]:
        for base, relation, stated_by, own, theirs, conflict, level, here in bases(one):
            deeper = here and depth > 1 and base.casefold() not in path
            above = tuple(tree(base, (*path, base.casefold()), depth - 1)) if deeper else ()
            yield Ancestor(base, relation, stated_by, own, theirs, conflict, level, bool(here), above)

    start: tuple[str, ...] = (model_id.casefold(),)
    generation, depth, total = [(model_id, start)], 0, 0
    while generation and depth < MAX_DEPTH:
        found = [(base, (*path, base.casefold())) for one, path in generation for base, *_, here in bases(one)
                 if here and base.casefold() not in path]  # fmt: skip
        total += sum(len(bases(one)) for one, _ in generation)
        if depth and total > _ANCESTORS:
            break
        generation, depth = found, depth + 1
    return tuple(tree(model_id, start, depth))


def _of(proofs: Iterable[Proof], dimension: str) -> tuple[Proof, ...]:
    return tuple(p for p in proofs if p.dimension == dimension)


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:  # the Hub's word, not ours
        return None


def _select(db: sqlite3.Connection, table: str, columns: Sequence[str], where: str, *values: object) -> list[Any]:
    return _rows(db, f"SELECT {', '.join(columns)} FROM {table} WHERE {where}", *values)


def _rows(db: sqlite3.Connection, sql: str, *values: object) -> list[Any]:
    """All rows as tuples, whatever row factory the connection has."""
    cursor = db.cursor()
    cursor.row_factory = None
    return cursor.execute(sql, values).fetchall()

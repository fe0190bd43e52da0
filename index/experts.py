"""Human indexes of openness, read into rows: the European index, the Radboud table, and the Model Openness Tool.

Does: read their own forms (YAML entries; the Radboud table also as CSV or as its HTML page; a MOT record is evaluated
with `mof.py`) into one row per system and dimension, with the address of their evidence, their reason, and the
attribution that their licences ask for. What cannot be read is a warning, and the rest is imported.
Does not: judge, correct or average anything, fetch a link, or write to a database (the DDL is here, the SQL is not).

A system without a model repository on the Hub (ChatGPT, GPT-4 and others behind an API) keeps its rows, marked
`off_hub`. MOT rows have the dimensions `mof_class` ('1', '2', '3', '0' = none) and `mof:COMPONENT`, not the 14.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import httpx
from bs4 import BeautifulSoup, Tag

from index import mof
from index.expert_files import BadDocument, Named, Read, parse_yaml, read_place
from index.frameworks import CHARACTERISTICS
from index.model import Dimension, Value

EU_INDEX = "eu-osai"
RADBOUD = "radboud-oucgpt"
MOT = "mot"

_FACCT = (
    "Liesenfeld and Dingemanse (2024), Rethinking open source generative AI, FAccT '24, doi:10.1145/3630106.3659005"
)
ATTRIBUTION = {
    EU_INDEX: "European Open Source AI Index, https://osai-index.eu/, doi:10.5281/zenodo.15386042; "
    f"{_FACCT}; CC BY 4.0",
    RADBOUD: "Opening up ChatGPT, https://opening-up-chatgpt.github.io; Liesenfeld, Lopez and Dingemanse (2023), "
    f"CUI '23, doi:10.1145/3571884.3604316; {_FACCT}; CC BY 4.0",
    MOT: "Model Openness Tool, LF AI & Data, https://mot.isitopen.ai; MIT licence",
}

EXPERTS_SQL = """
CREATE TABLE experts (                    -- what the human indexes say, one row per system and dimension
  source TEXT NOT NULL,                   -- eu-osai, radboud-oucgpt, mot
  source_version TEXT NOT NULL,           -- as given at import, the build time of the page, or the digest of the files
  system TEXT NOT NULL,                   -- as the index names it
  repo_id TEXT,                           -- the model judged; NULL = off the Hub, as far as the index says
  off_hub INTEGER NOT NULL,               -- 1 = a reference row: no repository on the Hub
  dimension TEXT NOT NULL,                -- one of the 14; MOT: mof_class, mof:COMPONENT
  value TEXT NOT NULL,                    -- open, partial, closed, unknown; MOT: 0..3, or the component's state
  url TEXT NOT NULL,                      -- their evidence; several joined by a space
  reason TEXT NOT NULL,                   -- their note (MOT: the licence)
  attribution TEXT NOT NULL,              -- to be shown wherever the row is shown
  imported TEXT NOT NULL,                 -- date
  PRIMARY KEY (source, source_version, system, dimension)
) STRICT, WITHOUT ROWID;
CREATE INDEX experts_repo_id ON experts (repo_id, dimension);
"""


class ExpertRow(NamedTuple):
    """One cell of a human index."""

    source: str
    source_version: str
    system: str
    model_id: str | None
    off_hub: bool
    dimension: str
    value: str
    url: str
    attribution: str
    reason: str = ""


class Imported(NamedTuple):
    """The rows, and a sentence for everything that was left out or looked odd, each naming its file."""

    rows: tuple[ExpertRow, ...]
    warnings: tuple[str, ...]


class _Cell(NamedTuple):
    dimension: str
    value: str
    url: str
    reason: str


class _Entry(NamedTuple):
    """One system of one index, before it gets a version and a name that is its own."""

    source: str
    system: str
    file: str
    model_id: str | None
    cells: tuple[_Cell, ...]
    version: str = ""


def import_experts(place: str, client: httpx.Client | None = None, *, version: str = "") -> Imported:
    """Read a folder, a file or a URL. Raises UsageError (nothing there) or StoppedError (the URL does not answer)."""
    return rows_of(read_place(place, client), version=version)


def rows_of(read: Read, *, version: str = "") -> Imported:
    """The rows of these files. `version` names the state of the source; else the page's build time, else a digest."""
    entries: list[_Entry] = []
    warnings = list(read.warnings)
    # Tables last: where an entry and a table say the same, the entry with its notes and all links is the one kept.
    for file in sorted(read.files, key=lambda f: not f.name.lower().endswith((".yaml", ".yml"))):
        try:
            for entry in _entries(file, warnings):
                _add(entry, entries, warnings)
        except BadDocument as e:
            warnings.append(f"{file.name}: left out: {e}")
    sources = {e.source: {x.version for x in entries if x.source == e.source} for e in entries}
    # A page knows when it was built; files beside it do not, and one import of one source has one version.
    versions = {s: version or (built.copy().pop() if len(built) == 1 else "") or read.version
                for s, built in sources.items()}  # fmt: skip
    rows = (
        ExpertRow(e.source, versions[e.source], e.system, e.model_id, e.model_id is None,
                  c.dimension, c.value, c.url, ATTRIBUTION[e.source], c.reason)
        for e in entries for c in e.cells
    )  # fmt: skip
    return Imported(tuple(rows), tuple(warnings))


def _add(entry: _Entry, entries: list[_Entry], warnings: list[str]) -> None:
    """Keep the entry under a name of its own; one that repeats an earlier one of its name is not kept twice."""
    same = [e for e in entries if (e.source, e.system) == (entry.source, entry.system)]
    if any([(c.dimension, c.value) for c in e.cells] == [(c.dimension, c.value) for c in entry.cells] for e in same):
        if not entry.file.lower().endswith((".html", ".htm", ".csv")):
            warnings.append(f"{entry.file}: says the same as {same[0].file} under the name {entry.system!r}; kept once")
        return
    if same:
        warnings.append(f"{entry.file}: {entry.system!r} is also in {same[0].file}, with other cells; both are kept")
        entry = entry._replace(system=f"{entry.system} ({entry.file})")
    entries.append(entry)


def _entries(file: Named, warnings: list[str]) -> Iterator[_Entry]:
    name = file.name.lower()
    if name.endswith(".csv"):
        yield from _csv(file, warnings)
    elif name.endswith((".html", ".htm")) or file.body.lstrip()[:1] == b"<":
        yield from _html(file, warnings)
    else:
        document = parse_yaml(file.body)
        if not isinstance(document, Mapping):
            raise BadDocument("not a list of keys")
        if "release" in document:
            yield _mot(document, file.name, warnings)
        else:
            yield _human(document, file.name, warnings)


# ----------------------------------------------------------------- the European index and the Radboud table

_EU_KEYS = {c.eu_key: c.dimension for c in CHARACTERISTICS if c.eu_key} | {
    "package": Dimension.PACKAGE,  # scored until 2026-03-13, still found in older states
    "api": Dimension.API,
}
_RADBOUD_KEYS = {c.radboud_key: c.dimension for c in CHARACTERISTICS}
_VALUES = frozenset({Value.OPEN.value, Value.PARTIAL.value, Value.CLOSED.value})
_ABOUT = frozenset({"system", "project", "org", "source", "openness"})


def _human(document: Mapping[Any, Any], file: str, warnings: list[str]) -> _Entry:
    """An entry of either human index, told apart by the key of its head."""
    if "system" in document:
        source, head, keys, places = EU_INDEX, document["system"], _EU_KEYS, ("weights_endmodel", "system", "modelcard")
    elif "project" in document:
        source, head, keys, places = RADBOUD, document["project"], _RADBOUD_KEYS, ("rlweights", "project", "modelcard")
    else:
        raise BadDocument("neither 'system', 'project' nor 'release' in it: not an entry of an index that we know")
    head = head if isinstance(head, Mapping) else {}
    system = _text(head.get("name"))
    if not system:
        system = file.rsplit(".", 1)[0]
        warnings.append(f"{file}: the system has no name; called {system!r} after the file")
    cells = _cells(document, keys, source, file, warnings)
    names = (_text(head.get("endmodelname")), system)
    return _Entry(source, system, file, _model_id(document, places, names), cells)


def _cells(
    document: Mapping[Any, Any], keys: Mapping[str, Dimension], source: str, file: str, warnings: list[str]
) -> tuple[_Cell, ...]:
    cells = []
    for key, dimension in keys.items():
        section = document.get(key)
        if section is None and (key in document or (source == EU_INDEX and key in ("package", "api"))):
            continue
        if not isinstance(section, Mapping):
            warnings.append(f"{file}: {key!r} is missing; that cell is left out")
            continue
        value = _text(section.get("class")).lower() or Value.UNKNOWN.value  # empty: the page shows a question mark
        if value not in _VALUES and value != Value.UNKNOWN:
            warnings.append(f"{file}: {key!r} has the class {value[:40]!r}, not open, partial or closed; left out")
            continue
        cells.append(_Cell(dimension.value, value, " ".join(_links(section)), _text(section.get("notes"))))
    unknown = sorted(str(k) for k in document if k not in keys and k not in _ABOUT)
    if unknown:
        warnings.append(f"{file}: keys that we do not know, not read: {', '.join(unknown)[:200]}")
    return tuple(sorted(cells, key=lambda c: _ORDER[c.dimension]))


_ORDER = {d.value: i for i, d in enumerate(Dimension)}
_HUB_LINK = re.compile(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/([\w.-]+)/([\w.-]+)")
_NOT_MODELS = frozenset(
    {"datasets", "spaces", "papers", "collections", "docs", "blog", "api", "organizations", "posts", "learn", "models"}
)


def hub_id(link: str) -> str | None:
    """The model repository that an address points into, 'ORG/NAME'; None for anything else on the Hub or off it."""
    match = _HUB_LINK.match(link.strip())
    return f"{match[1]}/{match[2]}" if match and match[1] not in _NOT_MODELS else None


def _model_id(document: Mapping[Any, Any], places: Iterable[str], names: Iterable[str]) -> str | None:
    """The model judged: what its weights, its head or its card links; else any linked repository of just its name."""
    for place in places:
        for link in _links(document.get(place)):
            if found := hub_id(link):
                return found
    for section in document.values():
        for link in _links(section):
            found = hub_id(link)
            words = set(_words(found.split("/")[1])) if found else set()
            if found and any(wanted and wanted <= words for name in names if (wanted := set(_words(name)))):
                return found
    return None


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z]+|\d+", name.lower())


def _links(section: object) -> list[str]:
    link = section.get("link") if isinstance(section, Mapping) else None
    links = link if isinstance(link, list) else [link]
    return [part for one in links if isinstance(one, str) for part in one.split() if part.startswith("http")]


def _text(value: object) -> str:
    return " ".join(str(value).split()) if isinstance(value, str | int | float) else ""


# ------------------------------------------------------------------------------- the Radboud table as a table

_COLUMN = re.compile(r"(\w+?)[._ ](class|link|notes|name)$")


def _csv(file: Named, warnings: list[str]) -> Iterator[_Entry]:
    """One entry a line; columns `opencode.class`, `opencode.link`, `opencode.notes` and so on, or just `opencode`."""
    try:
        reader = csv.DictReader(io.StringIO(file.body.decode("utf-8-sig")))
        fields = [f for f in reader.fieldnames or () if f]
        lines = list(reader)
    except (UnicodeDecodeError, csv.Error) as e:
        raise BadDocument(f"not a CSV table ({e})") from e
    if missing := _missing_columns(fields):
        raise BadDocument(
            "not the Radboud table as CSV: that has a column of names ('project.name' or 'name') and one for each of "
            f"the 14 characteristics; missing here: {', '.join(missing)}"
        )
    for number, line in enumerate(lines, 2):
        sections: dict[str, dict[str, str]] = {}
        for field in fields:
            match = _COLUMN.match(field)
            key, part = (match[1], match[2]) if match else (field, "name" if field == "project" else "class")
            if key in _RADBOUD_KEYS or key in ("project", "org"):
                sections.setdefault(key, {})[part] = line.get(field) or ""
        sections.setdefault("project", {})
        sections["project"].setdefault("name", line.get("name") or "")
        if not sections["project"]["name"].strip():
            warnings.append(f"{file.name}: line {number} has no name; left out")
            continue
        yield _human(sections, f"{file.name}:{number}", warnings)._replace(file=file.name)


def _missing_columns(fields: Iterable[str]) -> list[str]:
    """What the Radboud table has and these columns have not; another table shares a few of its names."""
    here = {(m[1], m[2]) if (m := _COLUMN.match(f)) else (f, "name" if f == "project" else "class") for f in fields}
    names = [] if ("project", "name") in here or "name" in fields else ["project.name"]
    return names + [key for key in _RADBOUD_KEYS if (key, "class") not in here]


_HEADINGS = {c.radboud_heading.casefold(): c.radboud_key for c in CHARACTERISTICS}
_BUILT = re.compile(r"last built on (\d{4}-\d\d-\d\d)")


def _html(file: Named, warnings: list[str]) -> Iterator[_Entry]:
    """The page's table: two rows a system, the second with its own link; the class of a cell is its value."""
    page = BeautifulSoup(file.body.decode("utf-8", "replace"), "html.parser")
    heads = [_HEADINGS.get(th.get_text(" ", strip=True).casefold()) for th in page.select("tr.second-header th")][1:]
    if not any(heads):
        raise BadDocument("no table with the columns of the Radboud page")
    built = _BUILT.search(page.get_text())
    for row in page.select("tr.row-a"):
        name = row.select_one("td.name-cell")
        cells = row.select("td.data-cell")
        if name is None or len(cells) != len(heads):
            warnings.append(f"{file.name}: a row with {len(cells)} cells instead of {len(heads)}; left out")
            continue
        below = row.find_next_sibling("tr")
        sections: dict[str, Any] = {key: _html_cell(td) for key, td in zip(heads, cells, strict=True) if key}
        org = below.select_one("td.org") if isinstance(below, Tag) else None
        sections["project"] = {"name": name.get_text(" ", strip=True), "link": _html_link(org)}
        entry = _human(sections, file.name, warnings)
        yield entry._replace(version=built[1] if built else "")


def _html_cell(td: Tag) -> dict[str, str]:
    anchor = td.find("a")
    notes = anchor.get("title") if isinstance(anchor, Tag) else ""
    classes = [c for c in td.get_attribute_list("class") if c in _VALUES]
    return {"class": classes[0] if classes else "", "link": _html_link(td), "notes": str(notes or "")}


def _html_link(td: Tag | None) -> str:
    anchor = td.find("a") if td is not None else None
    return str(anchor.get("href") or "") if isinstance(anchor, Tag) else ""


# ----------------------------------------------------------------------------------------------------- MOT


def _mot(document: Mapping[Any, Any], file: str, warnings: list[str]) -> _Entry:
    """A MOT record, evaluated as MOT does: its class, and the state of every component that it lists."""
    try:
        record = mof.parse_record(document)
    except mof.BadRecord as e:
        raise BadDocument(f"a MOT record that cannot be read: {e}") from e
    result = mof.evaluate(record, quirks=True)
    warnings += [f"{file}: {w}" for w in result.warnings if w.startswith("unknown component")]
    release = document["release"]
    listed = [c for c in release.get("components") or () if isinstance(c, Mapping)]
    paths = {str(c.get("name")): _text(c.get("component_path")) for c in listed}
    page = _text(release.get("huggingface"))
    cells = [_Cell("mof_class", str(result.class_ or 0), page or _text(release.get("repository")), "")]
    cells += [
        _Cell(f"mof:{s.key}", s.state.value, paths.get(mof.BY_KEY[s.key].name, ""), s.license or "")
        for s in result.components
        if s.state is not mof.State.ABSENT
    ]
    system = record.name or file.rsplit(".", 1)[0]
    return _Entry(MOT, system, file, hub_id(page) if page else None, tuple(cells))

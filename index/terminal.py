"""What people read in the terminal: a model, a trend, changes, the state of things, the end of a night.

Every function takes plain values (queries.py, trends.py) and gives something that a rich console prints: in colour,
shape and word at once, as wide as there is room, also without a terminal. All text from the Hub goes through
`plain.clean` and never through markup. Reads no database and no clock; prints nothing itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from index import explain, readings, trends
from index.chart import human
from index.model import Value
from index.plain import clean
from index.rows import (
    Ancestor,
    Change,
    Claim,
    FamilyPage,
    LevelCount,
    License,
    Model,
    Page,
    Proof,
    Status,
    Summary,
)  # fmt: skip
from index.terminal_trends import trend as trend

#: Colour, shape and word of a value: it reads without colour and without the shape.
MARKS = {
    Value.OPEN: ("●", "green"),
    Value.PARTIAL: ("◐", "yellow"),
    Value.CLOSED: ("○", "red"),
    Value.UNKNOWN: ("?", "bright_black"),
    Value.NOT_APPLICABLE: ("–", "bright_black"),
}
_LEVEL_STYLE = {"L0": "red", "L1": "red", "L2": "yellow", "L3": "green", "L4": "green", "L5": "bold green",
                "L6": "bold green"}  # fmt: skip
_MAX_QUOTE = 280
FAMILY_NOTE = (
    "A family's name, and what is said of it as a whole, are its maker's words; each repository is judged by itself."
)


# ------------------------------------------------------------------------------------------------------- one model


def show(page: Page, quotes: int = 2) -> RenderableType:
    """Everything about one model; at most `quotes` quotes for each characteristic."""
    model = page.model
    parts: list[RenderableType] = [_head(page), *_why(page), _title("The 14 characteristics"), _cells(page, quotes)]
    parts += [_title("Licence"), _licences(page)]
    if page.ancestors:
        parts += [_title("Lineage"), _lineage(model, page.ancestors)]
    said = [c for c in page.claims if c.quote]
    if said:
        parts += [_title("What it says of itself"), *(_proof(c) for c in said[:5])]
    if page.changes or len(page.verdicts) > 1:
        parts += [_title("History"), _history(page)]
    parts += [_title("Downloads in 30 days"), trend([page.series], height=8)]
    return Group(*parts)


def show_family(page: FamilyPage) -> RenderableType:
    """A family: its maker's own repositories with their levels; a family itself has none."""
    told = [f"by {page.maker}" if page.maker else "", f"released {page.released}" if page.released else "",
            f"{page.models:,} models on the Hub, fine-tunes and copies included"]  # fmt: skip
    parts: list[RenderableType] = [
        _line(("bold", f"The family {page.name}")),
        _line(("bright_black", ", ".join(t for t in told if t))),
        _line(("", FAMILY_NOTE)),
    ]
    if not page.official:
        return Group(*parts, Text("The index has none of its maker's own repositories."))
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("model", "level", "why"):
        table.add_column(name, overflow="fold", no_wrap=name == "level")
    table.add_column("downloads", justify="right", no_wrap=True)
    for model, license in zip(page.official, page.licenses, strict=True):
        why = Text(clean(explain.in_words(model, license)))
        table.add_row(Text(clean(model.id)), _levels_of(model.level, model.level_max), why, human(model.downloads))
    return Group(*parts, table)


def family_dict(page: FamilyPage) -> dict[str, Any]:
    """The content of `show_family` as plain JSON values."""
    pairs = zip(page.official, page.licenses, strict=True)
    models = [{**to_plain(m), "in_words": explain.in_words(m, license)} for m, license in pairs]
    return {"family": page.name, "maker": page.maker, "released": page.released, "models": page.models,
            "note": FAMILY_NOTE, "official": models}  # fmt: skip


def show_dict(page: Page) -> dict[str, Any]:
    """The content of `show` as plain JSON values, uncut and uncleaned."""
    return {
        "model": to_plain(page.model),
        "in_words": explain.in_words(page.model, page.license_effective),
        "open_source": readings.open_source(page),
        "interval": explain.interval(page.model),
        "hindrances": to_plain(explain.hindrances(page)),
        "characteristics": to_plain(page.cells),
        "license": to_plain(page.license),
        "license_effective": to_plain(page.license_effective),
        "lineage": to_plain(page.ancestors),
        "claims": to_plain(page.claims),
        "changes": to_plain(page.changes),
        "verdicts": to_plain(page.verdicts),
        "trend": trends.to_dict([page.series])["series"][0],
    }


def _head(page: Page) -> RenderableType:
    m = page.model
    style = _LEVEL_STYLE.get(m.level or "", "bright_black")
    lines = [
        _line(("bold", m.id)),
        Text(clean(m.url or "no longer under this name on the Hub"), style="underline blue"),
        _line((style, f"{m.level or '?'} "), (style, explain.in_words(m, page.license_effective))),
        _line(("", readings.open_source(page))),
        _line(("", explain.interval(m)), ("bright_black", "   Radboud "), ("", _score(m.radboud_score, "14")),
              ("bright_black", "   EU index "), ("", _score(m.eu_score, "1")),
              ("bright_black", "   MOF class "), ("", m.mof_class or "none")),
        _line(("bright_black", " · ".join(clean(p) for p in (
            m.family and f"family {m.family}", m.pipeline_tag, m.library,
            f"{human(m.downloads)} downloads in 30 days", f"{human(m.downloads_all_time)} of all time",
            f"{human(m.likes)} likes") if p))),
        _line(("bright_black", f"revision {clean(m.sha or 'unknown')[:12]} · seen {m.last_seen}"
               f" · judged {m.judged or 'never'} by rules {m.rules_version or '-'}")),
    ]  # fmt: skip
    if m.missing_since:
        lines.insert(2, _line(("bold red", f"No longer on the Hub: missing since {m.missing_since}.")))
    return Group(*lines)


def _why(page: Page) -> Iterable[RenderableType]:
    found = explain.hindrances(page)
    if found:
        yield _title("Why not higher, and what would raise it")
        for hindrance in found:
            yield _line(("", f"• {hindrance.why} "), ("green", f"→ {hindrance.remedy}"))


def _cells(page: Page, quotes: int) -> RenderableType:
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0), expand=False)
    table.add_column(no_wrap=True, min_width=9)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for cell in page.cells:
        told = Text(clean(cell.reason, 400))
        told.append(f"  [{clean(cell.rule)}]", style="bright_black")
        table.add_row(mark(cell.value), Text(cell.title), told)
        shown = list({(e.quote, e.place): e for e in cell.evidence if e.quote}.values())[: max(quotes, 0)]
        for proof in shown:
            table.add_row("", "", _proof(proof))
        left = len(cell.evidence) - len(shown)
        if shown and left:
            table.add_row("", "", Text(f"and {left} more", style="bright_black"))
    return table if page.cells else Text("not judged", style="bright_black")


def mark(value: str) -> Text:
    """'● open' in green, and so on; a value we do not know reads as it is, with a '?'."""
    sign, colour = MARKS.get(Value(value), ("?", "")) if value in set(Value) else ("?", "")
    return Text(f"{sign} {'n/a' if value == Value.NOT_APPLICABLE else clean(value)}", style=colour)


def _proof(proof: Proof) -> Text:
    where = clean(proof.place, 100) + (f" @ {proof.sha[:7]}" if proof.sha else "")
    words = f"“{clean(proof.quote, _MAX_QUOTE)}”" if proof.quote else f"{clean(proof.probe)}: {clean(proof.outcome)}"
    return _line(("italic", words), ("bright_black", f" — {where}, {clean(proof.observed) or 'undated'}"))


def _licences(page: Page) -> RenderableType:
    m = page.model
    declared = ", ".join(clean(x) for x in (m.license, m.license_name) if x) or "none"
    source = explain.inherited_from(page)
    lines = [
        _line(("", f"declared: {declared}"), ("bright_black", f"   {m.license_link}" if m.license_link else "")),
        _line(
            ("", f"effective: {m.license_effective or 'none'}"),
            ("yellow", f"   from its base {source}" if source else ""),
        ),
    ]
    if page.license_effective is not None:
        lines += _facts(page.license_effective)
    return Group(*lines)


def _facts(license: License) -> list[Text]:
    lines = [_line(("", f"  {what}: {words}")) for what, words in explain.licence_facts(license)]
    told = f"  {license.name}; source: {license.source or '?'}, {license.checked or 'undated'}"
    return [*lines, _line(("bright_black", f"{told}; {license.confidence or '?'} confidence"))]


def _lineage(model: Model, ancestors: Sequence[Ancestor]) -> Tree:
    tree = Tree(_line(("bold", model.id), (_LEVEL_STYLE.get(model.level or "", ""), f" {model.level or '?'}")))
    _grow(tree, ancestors)
    return tree


def _grow(tree: Tree, ancestors: Sequence[Ancestor]) -> None:
    for a in ancestors:
        state = a.level or ("not judged" if a.known else "not on the Hub as far as we know")
        words = _line(
            ("", f"{a.relation or 'base'} of {a.id} "),
            (_LEVEL_STYLE.get(a.level or "", "bright_black"), state),
            ("bright_black", f" {clean(a.base_license) or 'licence unknown'}, stated by {a.stated_by}"),
            ("bold red", f"  conflict: {a.conflict}" if a.conflict else ""),
        )
        _grow(tree.add(words), a.ancestors)


def _history(page: Page) -> RenderableType:
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    for c in page.changes[:20]:
        table.add_row(when(c), clean(c.field), Text(f"{clean(c.old, 60) or '–'} → {clean(c.new, 60) or '–'}"))
    for v in page.verdicts[:10]:
        told = f"{v.level} (at most {v.level_max}) {clean(v.restriction)}; cause: {clean(v.cause)}"
        told += f" ({clean(v.note, 300)})" if v.note else ""
        table.add_row(v.date, "verdict", Text(told))
    return table


# ------------------------------------------------------------------------------------------------------- lists


def when(event: Change) -> str:
    """'2026-08-13', or '2024-08-01 … 2026-08-13': seen in the old state on the first, in the new one on the second."""
    if event.not_before is None:
        return event.date
    span = date.fromisoformat(event.date) - date.fromisoformat(event.not_before)
    return event.date if span.days <= 1 else f"{event.not_before} … {event.date}"


def changes(events: Sequence[Change], since: str) -> RenderableType:
    """Events since a day, in the order given (the most downloaded first)."""
    if not events:
        return Text(f"No change since {since}.")
    table = Table(box=box.SIMPLE_HEAD, title=f"Changes since {since}", title_justify="left")
    for name in ("date", "model", "field", "from", "to"):
        table.add_column(name, overflow="fold", no_wrap=name == "date")
    table.add_column("downloads", justify="right", no_wrap=True)
    for c in events:
        row = (when(c), c.id, c.field, c.old if c.old is not None else "–", c.new if c.new is not None else "–")
        table.add_row(*(Text(clean(v, 120)) for v in row), human(c.downloads))
        if c.note:
            table.add_row("", Text(clean(c.note, 300), style="bright_black"))
    return table


def status(state: Status) -> RenderableType:
    """The state of a data directory, a line for each thing."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    complete = {True: "complete", False: "not complete", None: ""}[state.crawl_complete]
    crawl = f"{state.crawl_date}, {complete}, {_count(state.crawl_models)} models" if state.crawl_date else "never"
    if state.crawl_date and state.crawl_finished is None:
        crawl += ", not finished: run `openness crawl` again and it goes on"
    judged = state.judged and f"{state.judged}, {_count(state.judged_models)} models"
    rows = [
        ("data", state.data), ("hub", state.hub or "none yet"), ("last crawl", crawl),
        ("rejected rows", _count(state.rejects)), ("documents due", _count(state.backlog)),
        ("last judge", judged or "never"), ("last publish", state.published or "never"),
        ("next run", state.next_run or "not scheduled"),
        *((name, "not there" if size is None else _bytes(size)) for name, size in state.sizes),
    ]  # fmt: skip
    for name, words in rows:
        table.add_row(Text(name, style="bright_black"), Text(clean(words)))
    return table


def summary(told: Summary) -> RenderableType:
    """The short table at the end of a night."""
    night = f"Night of {told.date or '?'}" + ("" if told.complete else " (not complete)")
    parts: list[RenderableType] = [_line(("bold", night)), _levels(told.levels)]
    if told.best_known:
        table = Table(box=box.SIMPLE_HEAD, title="The best known models", title_justify="left")
        table.add_column("model", overflow="fold", min_width=min(44, max(len(m.id) for _, m, _ in told.best_known)))
        for name in ("level", "why"):
            table.add_column(name, overflow="fold", no_wrap=name == "level")
        table.add_column("downloads", justify="right", no_wrap=True)
        for _, m, license in told.best_known:
            why = Text(clean(explain.in_words(m, license)))
            table.add_row(Text(clean(m.id)), _levels_of(m.level, m.level_max), why, human(m.downloads))
        parts.append(table)
    if told.claims:
        parts.append(_claims(told.claims))
    return Group(*parts)


def _levels(levels: Sequence[LevelCount]) -> RenderableType:
    models = sum(row.models for row in levels) or 1
    known = sum(row.downloads or 0 for row in levels)
    table = Table(box=box.SIMPLE_HEAD, title="Models by level", title_justify="left")
    table.add_column("level", no_wrap=True)
    for name in ("models", "share of models", "downloads", "share of known downloads", "may be higher"):
        table.add_column(name, justify="right")
    for row in levels:
        share = f"{(row.downloads or 0) / known:.1%}" if known and row.downloads is not None else "–"
        level = Text(f"{row.level} {row.name}".strip(), style=_LEVEL_STYLE.get(row.level, ""))
        table.add_row(
            level,
            f"{row.models:,}",
            f"{row.models / models:.1%}",
            human(row.downloads),
            share,
            f"{row.may_be_higher:,}",
        )
    counted = sum(row.counted for row in levels)
    caption = (
        f"Downloads (30 days) known for {counted:,} of {sum(row.models for row in levels):,} models. "
        "May be higher: the level is what is proved so far, and more is not excluded."
    )
    return Group(table, Text(caption, style="bright_black"))


def _claims(claims: Sequence[Claim]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title="Claims of “open source” that do not hold", title_justify="left")
    for name in ("model", "level", "licence", "in the words of its card"):
        table.add_column(name, overflow="fold", no_wrap=name == "level")
    table.add_column("downloads", justify="right", no_wrap=True)
    for c in claims:
        words = Text(f"“{clean(c.quote, 160)}”" if c.quote else "–")
        license = Text(clean(c.license_effective) or "none")
        table.add_row(Text(clean(c.id)), c.level, license, words, human(c.downloads))
    return table


def unknown_model(text: str, near: Sequence[str]) -> str:
    """The sentence for an id that the index does not have."""
    told = f"The index has no model {clean(text, 120)}."
    return f"{told} Did you mean {', '.join(map(clean, near))}?" if near else f"{told} It may be private, new, or gone."


def uncounted_family(name: str, page: FamilyPage | None) -> str:
    """The sentence for a family that has no course to draw; `page` None: the index has no model of it."""
    if page is None:
        return f"The index has no model of the family {name}."
    models = "1 model" if page.models == 1 else f"{page.models:,} models"
    return f"{name} has {models} on the Hub, none with a download counter seen in this index."


def to_plain(value: Any) -> Any:
    """Named tuples -> dicts, all the way down; everything else as it is, dates as ISO text."""
    if hasattr(value, "_asdict"):
        return {k: to_plain(v) for k, v in value._asdict().items()}
    if isinstance(value, tuple | list):
        return [to_plain(v) for v in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def to_json(value: Any) -> str:
    """JSON text of anything above, in ASCII: nothing in it can steer a terminal."""
    return json.dumps(to_plain(value), indent=2)


# ------------------------------------------------------------------------------------------------------- small things


def _levels_of(level: str | None, level_max: str | None) -> Text:
    """'L2', or 'L2–L4' where more is not excluded; what is not proved stays grey."""
    text = Text(level or "?", style=_LEVEL_STYLE.get(level or "", "bright_black"))
    return text.append(f"–{level_max}", style="bright_black") if level_max and level_max != level else text


def _line(*parts: tuple[str, str]) -> Text:
    text = Text(overflow="fold")
    for style, words in parts:
        text.append(clean(words), style=style)
    return text


def _title(words: str) -> Text:
    return Text("\n").append(words, style="bold underline")


def _score(score: float | None, of: str) -> str:
    return "?" if score is None else f"{score:.3g} of {of}"


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"


def _bytes(size: int) -> str:
    for unit, limit in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= limit:
            return f"{size / limit:.1f} {unit}"
    return f"{size} bytes"

"""Templates and texts: values in, HTML or JSON bytes out. Everything is escaped; only `Markup` is not.

`Markup` is made of charts (svg.py) and of cells and rungs (cells.py) only; both escape for themselves.
Does not read the database.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from index import plain, prose
from index.site import cells
from index.site.ask import LANGUAGES, THEMES, Ask, anchor, card_path, model_path
from index.site.phrases import Phrases, Reason, read_phrases, refill

HERE = Path(__file__).parent
STATIC = HERE / "static"
SIGNS = cells.SIGNS
_MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December"),
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
           "décembre"),
}  # fmt: skip


class Texts:
    """The catalogue in one language: `t("nav.table")`, with values for the names in braces."""

    def __init__(self, lang: str, words: Mapping[str, str], phrases: Phrases) -> None:
        """`words`: key -> text in this language."""
        self.lang, self._words, self.phrase = lang, words, phrases

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, its braces filled. KeyError when there is none."""
        text = self._words[key]
        return text.format(**values) if values else text

    def count(self, key: str, n: int, **values: object) -> str:
        """The text of a key with a number in it; `<key>_one` where the language says one (in French nothing too)."""
        one = n == 1 or (n == 0 and self.lang == "fr")
        return self(f"{key}_one" if one else key, n=self.number(n), **values)

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self._words

    def reason(self, rule: str, words: str, quoted: Iterable[str] = ()) -> Reason:
        """A judgement's reason in this language; what is in `quoted` stands beside it and is not repeated."""
        pair = catalogue().get(f"reason.{rule}", ("", ""))
        return refill(words, pair[0], pair[LANGUAGES.index(self.lang)], quoted, self.phrase)

    def level(self, name: str | None) -> str:
        """What a model's level is called: its published `level_name`, the one author of that, in this language."""
        return self.phrase(name) if name else self("level.none")

    def number(self, value: float | None, digits: int = 0) -> str:
        """1,234,567 or 1 234 567; a question mark where nobody said."""
        if value is None:
            return "?"
        text = f"{value:,.{digits}f}"
        return text if self.lang == "en" else text.replace(",", "\u202f").replace(".", ",")

    def short(self, value: int | None) -> str:
        """1.2M, 34k; a question mark where nobody said."""
        if value is None:
            return "?"
        for size, sign in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
            if abs(value) >= size:
                amount = value / size
                whole = amount >= 10 or round(amount, 1) == round(amount)
                return self.number(amount, 0 if whole else 1) + ("" if self.lang == "en" else "\u202f") + sign
        return str(value)

    def percent(self, share: float | None, digits: int = 1) -> str:
        """12.3% or 12,3 %."""
        if share is None:
            return "?"
        return self.number(100 * share, digits) + ("%" if self.lang == "en" else "\u202f%")

    def day(self, iso: str | None) -> str:
        """22 August 2026; what is no date comes back as it is, nothing as a question mark."""
        try:
            when = date.fromisoformat((iso or "")[:10])
        except ValueError:
            return iso or "?"
        first = "1er" if self.lang == "fr" and when.day == 1 else str(when.day)
        return f"{first} {_MONTHS[self.lang][when.month - 1]} {when.year}"


@cache
def catalogue() -> Mapping[str, tuple[str, ...]]:
    """texts.toml: 'section.name' -> one text for each of LANGUAGES."""
    with (HERE / "texts.toml").open("rb") as file:
        sections = tomllib.load(file)
    return {
        f"{section}.{name}": tuple(words)
        for section, entries in sections.items() if section != "phrases"
        for name, words in entries.items()
    }  # fmt: skip


@cache
def texts(lang: str) -> Texts:
    """The texts of one language."""
    place = LANGUAGES.index(lang)
    words = {key: pair[place] for key, pair in catalogue().items()}
    with (HERE / "texts.toml").open("rb") as file:
        pairs = tomllib.load(file)["phrases"]["pairs"]
    return Texts(lang, words, read_phrases([(p[0], p[place]) for p in pairs] if place else []))


@cache
def _environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(HERE / "templates" / "openness"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "away": safe_link,
        "q": lambda text: quote(str(text), safe=""),
        "seen": seen,
        "readable": prose.readable,
    }
    env.globals |= {
        "model_path": model_path,
        "card_path": card_path,
        "anchor": anchor,
        "SIGNS": SIGNS,
        "css": asset("site.css"),
        "js": asset("site.js"),
        "ladder": ladder,
        "loose": loose,
        "level_html": cells.level,
        "strip": cells.strip,
        "name_html": cells.name,
    }
    return env


@cache
def asset(name: str) -> str:
    """Address of one of our static files; it changes with the content, so it may be kept for ever."""
    return f"/-/openness/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


def page(template: str, ask: Ask, **values: Any) -> bytes:
    """One of our templates, filled."""
    t = texts(ask.lang)
    text = _environment().get_template(template).render(t=t, ask=ask, chrome=chrome(ask), **values)
    return text.encode()


def feed_language(ask: Ask) -> str:
    """What the address of a feed says of its language, '' for the first: who reads feeds sends no Accept-Language."""
    return ask.lang if ask.lang != LANGUAGES[0] else ""


def chrome(ask: Ask) -> dict[str, Any]:
    """Header and footer: the same on our pages and on Datasette's."""
    t = texts(ask.lang)
    section = ask.path.split("/")[1].split(".")[0]
    pages = ("table", "trends", "claims", "changes", "licenses", "experts", "method", "status", "api")
    return {
        "t": t,
        "lang": ask.lang,
        "feed": feed_language(ask),
        "theme": ask.theme,
        "nav": [(f"/{p}", t(f"nav.{p}"), p == section) for p in pages],
        "languages": [(code, ask.link(lang=code), code == ask.lang) for code in LANGUAGES],
        "themes": [(name, ask.link(theme=name), name == (ask.theme or "auto")) for name in ("auto", *THEMES)],
        "css": asset("site.css"),
        "shell": asset("shell.css"),
        "js": asset("site.js"),
    }


#: Tables, views and queries by how their names begin -> the page that shows the same.
_SHOWN = (
    ("share_", "/trends#share"), ("downloads", "/trends"),
    ("families", "/table?rows=families"), ("famil", "/trends"), ("counters", "/trends"),
    ("movers", "/trends"), ("trend_", "/trends"), ("claims", "/claims"), ("license_changes", "/changes"),
    ("changes", "/changes"), ("vanished", "/changes?field=presence"), ("licens", "/licenses"), ("expert", "/experts"),
    ("agree", "/experts"), ("disagree", "/experts"), ("rules", "/method#rules"), ("probes", "/method#probes"),
    ("levels", "/method#levels"), ("restrictions", "/method#levels"), ("dimensions", "/method#cells"),
    ("crawls", "/status"), ("rejects", "/status"), ("fetches", "/status"), ("", "/table"),
)  # fmt: skip


def shown_by(ask: Ask) -> tuple[str, str] | None:
    """(address, name) of the page of ours that shows what a page of Datasette's holds; None outside the index."""
    _, database, name = (*ask.path.split("/", 2), "", "")[:3]
    if database != "index":
        return None
    where = next(where for begin, where in _SHOWN if name.startswith(begin))
    return where, texts(ask.lang)("nav." + re.split("[#?]", where[1:])[0])


def to_json(value: object) -> bytes:
    """JSON, indented, in UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return value._asdict()
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def safe_link(url: str | None) -> str:
    """The address when it is http(s) with a host and without a user, else ''."""
    text = (url or "").strip()
    if re.search(r"[\x00-\x20\x7f\\]", text):
        return ""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and host and "@" not in parts.netloc else ""


def seen(text: object, limit: int = 400) -> str:
    """A stranger's text on one line: controls out, what an eye would not see made visible."""
    return plain.clean(text, limit)


def ladder(level: str | None, level_max: str | None) -> list[str]:
    """The seven rungs of a level: 'on' up to what is proved, 'may' up to what is not excluded, else 'off'."""
    low = int(level[1]) if level else -1
    high = int(level_max[1]) if level_max else low
    return ["on" if n <= low else "may" if n <= high else "off" for n in range(7)]


def loose(day: str, not_before: str | None) -> bool:
    """Whether an event happened on some day between two nights, and not in the night before `day`."""
    return bool(not_before) and (date.fromisoformat(day) - date.fromisoformat(not_before or day)).days > 1

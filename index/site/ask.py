"""A request, parsed at the door: language, theme, and parameters that are checked or refused with a sentence. Pure.

Does not answer anything. Every `BadAsk` names a text of texts.toml, so that the sentence is in the reader's language.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple
from urllib.parse import quote, urlencode

from crawler.errors import UsageError

LANGUAGES = ("en", "fr")
THEMES = ("light", "dark")
MAX_TEXT = 120  # characters of anything typed
_SWITCHES = {"lang": LANGUAGES, "theme": ("auto", *THEMES)}


class BadAsk(UsageError):
    """A parameter that cannot be used: `key` is a text of texts.toml, `values` fill it."""

    status = 400

    def __init__(self, key: str, **values: object) -> None:
        """`key` of the sentence, and what fills it."""
        super().__init__(f"{key}: {values}")
        self.key, self.values = key, values


class NotHere(BadAsk):
    """A page that does not exist; `near` are ids or names that look like what was asked for."""

    status = 404

    def __init__(self, key: str, near: Sequence[str] = (), **values: object) -> None:
        """`near`: names that look like the one asked for."""
        super().__init__(key, **values)
        self.near = tuple(near)


class Ask(NamedTuple):
    """One request. `vars`: the named parts of its path; `base`: the address of the site without a slash at the end."""

    path: str
    params: tuple[tuple[str, str], ...]
    lang: str
    theme: str
    base: str
    vars: Mapping[str, str] = {}
    sql: bool = True  # whether readers may ask their own SQL
    sample: bool = False  # the index was made from the bundled sample, whose cards are not the makers' own

    def get(self, name: str) -> str:
        """The first value of a parameter, stripped; '' when it was not given."""
        return next((value.strip() for key, value in self.params if key == name), "")

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a parameter that is not empty."""
        return tuple(v.strip() for key, v in self.params if key == name and v.strip())

    def link(self, path: str | None = None, **changes: object) -> str:
        """A same-site address with this request's parameters, some changed (None or '' takes one out)."""
        kept = [_pair(k, v) for k, v in self.params if k not in changes and k not in _SWITCHES and v]
        query = "&".join(kept + [_pair(k, str(v)) for k, v in changes.items() if v not in (None, "")])
        where = "/" + (self.path if path is None else path).lstrip("/\\")
        return f"{where}?{query}" if query else where

    def key(self) -> tuple[object, ...]:
        """What an answer depends on."""
        kept = tuple((k, v) for k, v in self.params if v not in _SWITCHES.get(k, ()))
        return self.path, kept, self.lang, self.theme, self.base


@lru_cache(maxsize=256)
def _pair(name: str, value: str) -> str:
    """One parameter in an address: a dozen links of a page hold the same."""
    return urlencode([(name, value)])


def language(chosen: str, cookie: str, accepted: str) -> str:
    """Language of the answer: what was chosen, else what the cookie keeps, else Accept-Language, else English."""
    for word in (chosen, cookie):
        if word in LANGUAGES:
            return word
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted[:500].split(",")):
        tag, _, parameters = part.strip().partition(";")
        quality = re.fullmatch(r"\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*", parameters) if parameters else None
        weight = float(quality[1]) if quality else 0.0 if parameters else 1.0
        primary = tag.split("-")[0].lower()
        if primary in LANGUAGES and weight > 0:
            wanted.append((-weight, place, primary))
    return min(wanted)[2] if wanted else LANGUAGES[0]


def cookies(header: str) -> Mapping[str, str]:
    """The cookies of a request; a header that cannot be read is no cookies."""
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header[:4000]).items()}
    except CookieError:
        return {}


def only(ask: Ask, names: Sequence[str]) -> None:
    """Refuse a parameter that a page does not read, naming the nearest one; the switches are read by every page.

    A misspelt filter that is taken without a word answers another question than the one asked.
    """
    for name, value in ask.params:
        if name in _SWITCHES:
            if value and value not in _SWITCHES[name]:
                raise BadAsk("error.choice", name=name, value=value[:40], allowed=", ".join(_SWITCHES[name]))
        elif not names:
            raise BadAsk("error.parameter", name=name[:40])
        elif name not in names:
            known = ", ".join(names)
            for near in nearest(name, names):
                raise BadAsk("error.parameter_near", name=name[:40], near=near, known=known)
            raise BadAsk("error.parameter_known", name=name[:40], known=known)


def nearest(typed: str, known: Sequence[str], limit: int = 1) -> list[str]:
    """Of the known words those that look like what was typed, also by their beginning; the likest first."""
    text, words = typed.casefold()[:80], {word.casefold(): word for word in known if word}
    begin = [word for word in words if text and (word.startswith(text) or text.startswith(word))]
    alike = get_close_matches(text, words, limit, 0.6)
    return [words[word] for word in dict.fromkeys(sorted(begin, key=len, reverse=True) + alike)][:limit]


_TRACKING = re.compile(
    r"(?:utm|mtm|pk|piwik|matomo|hsa)_\w+|\w*cl(?:k)?id|[gw]braid|igshid|igsh|mc_[ce]id|mkt_tok|li_fat_id|_ga|_gl|_hsenc|_hsmi"
    r"|vero_id|ref|ref_src|ref_url|s_cid|srsltid|twsrc"
)


def without_tracking(query: bytes) -> bytes:
    """A query string without what social networks and newsletters add to a link: it asks for nothing."""
    if not query:
        return query
    parts = query.split(b"&")
    kept = [p for p in parts if not _TRACKING.fullmatch(p.partition(b"=")[0].decode("latin-1").casefold())]
    return query if len(kept) == len(parts) else b"&".join(kept)


_WORDS_OF_A_QUESTION = """
a about an and are at be been by can could did do does for from give has have how i in is it its me much of on or really
say says show tell that the their them they this to truly was were what when where which who whose why with
au aux avec c ce cet cette ces combien comment d dans de des du elle elles en est est-ce est-il et il ils j je l la le
les leur ma m mon n ne ou où par pas peut-on pour pourquoi qu quand que quel quelle quelles quels qui quoi s sa ses son
sont sont-ils sur t un une vraiment y a-t-il y-a-t-il
"""
_WORDS_OF_WHAT_IS_ASKED = """
access allowed closed commercial commercially free license licence licences licensed licenses model models open openness
opensource open-source source sourced use used weights
libre libres modèle modèles modele modeles ouvert ouverte ouverts ouverture poids utiliser
"""
_QUESTION, _ASKED = frozenset(_WORDS_OF_A_QUESTION.split()), frozenset(_WORDS_OF_WHAT_IS_ASKED.split())


def topic(text: str) -> str:
    """What a question in words is about: 'is Llama 3 open source?' -> 'Llama 3'; other words come back as they are.

    Words of a question go; those of what is asked (open, licence) go only beside some, for names have them too.
    """
    words = re.findall(r"[^\s?!,;:()\"“”«»'’]+", text)
    named = [w for w in words if w.casefold().rstrip(".") not in _QUESTION]
    if len(named) == len(words) and "?" not in text:
        return text
    kept = [w for w in named if w.casefold().rstrip(".") not in _ASKED]
    return " ".join(kept or named).rstrip(".") or text


def choice(ask: Ask, name: str, allowed: Sequence[str], default: str = "") -> str:
    """One of the allowed values, or the default when nothing was given."""
    value = ask.get(name)
    if not value:
        return default
    if value not in allowed:
        raise BadAsk("error.choice", name=name, value=value[:40], allowed=", ".join(a for a in allowed if a))
    return value


def choices(ask: Ask, name: str, allowed: Sequence[str]) -> tuple[str, ...]:
    """Allowed values, given several times or with commas between."""
    values = tuple(dict.fromkeys(v.strip() for part in ask.all(name) for v in part.split(",") if v.strip()))
    for value in values:
        if value not in allowed:
            raise BadAsk("error.choice", name=name, value=value[:40], allowed=", ".join(allowed))
    return values


def number(ask: Ask, name: str, low: int, high: int, default: int) -> int:
    """A whole number between two others."""
    value = ask.get(name)
    if not value:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
        raise BadAsk("error.number", name=name, value=value[:40], low=low, high=high)
    return int(value)


def words(ask: Ask, name: str, limit: int = MAX_TEXT) -> str:
    """A short text without control characters."""
    value = ask.get(name)
    if len(value) > limit:
        raise BadAsk("error.long", name=name, limit=limit)
    if any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise BadAsk("error.control", name=name)
    return value


def day(ask: Ask, name: str) -> str:
    """An ISO date, '' when none was given."""
    value = ask.get(name)
    if not value:
        return ""
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            raise ValueError(value)
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise BadAsk("error.day", name=name, value=value[:40]) from None


def id_list(ask: Ask, name: str, limit: int) -> tuple[str, ...]:
    """Model ids, given several times, or with commas or line ends between."""
    found = tuple(dict.fromkeys(i for part in ask.all(name) for i in re.split(r"[,\s]+", part) if i))
    if len(found) > limit:
        raise BadAsk("error.ids", n=len(found), limit=limit)
    for one in found:
        if len(one) > 200:
            raise BadAsk("error.long", name=name, limit=200)
    return found


def model_path(model_id: str) -> str:
    """/model/ORG/NAME for an id, every letter that could mean something else in an address escaped."""
    return "/model/" + quote(model_id, safe="/")


def card_path(model_id: str) -> str:
    """/card/ORG/NAME for an id, escaped likewise."""
    return "/card/" + quote(model_id, safe="/")


def anchor(words: str) -> str:
    """The name under which a quote is marked in its card: the same wherever it is asked for."""
    return f"q-{zlib.crc32(words.encode('utf-8', 'replace')):08x}"

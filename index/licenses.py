"""The licence catalogue and its reader: tag, name or link -> License; several licences -> the most restrictive.

Pure: loads index/licenses.toml once and answers from memory. Reads no licence text (index/license_texts.py does),
fetches nothing, and never guesses: a name matches after folding case, punctuation and the words licence, license,
agreement, version, the, or it does not match. A licence that the catalogue does not know is UNKNOWN, never open.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, NamedTuple
from urllib.parse import unquote

import msgspec

from index.model import Restriction

Conformant = Literal["yes", "conformant-not-approved", "no", "unknown"]
Basis = Literal["tag", "name", "link", "none"]


class License(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One licence as facts. The head of index/licenses.toml says what each field may hold."""

    id: str
    name: str
    kind: Literal["hub", "family", "name", "special"]
    osi_approved: str
    fsf_free: str
    conformant: Conformant  # terms as the Open Source AI Definition asks
    type: str
    restriction: str  # code of index.model.Restriction; '' = none
    commercial_use: str
    derivatives: str
    user_threshold: str
    naming_duty: str
    field_of_use: str
    output_training: str
    territory: str
    mof_open: str
    mof_code: str
    mof_data: str
    mof_documentation: str
    mof_model: str
    confidence: Literal["high", "medium", "low"]
    source: str
    checked: str  # ISO date of the source or of the last look
    spdx: str = ""
    aliases: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    url: str = ""

    @property
    def is_conformant(self) -> bool:
        """Whether the terms conform to the Open Source AI Definition, approved by OSI or not. Unknown is False."""
        return self.conformant in ("yes", "conformant-not-approved")


class Resolution(NamedTuple):
    """What a declaration means: the ids found, the licence to judge by, what decided, and a note for a person."""

    license_ids: tuple[str, ...]  # catalogue ids, in the order declared; unknown names are absent
    license: License
    basis: Basis
    note: str


# --------------------------------------------------------------------------------------------- the catalogue

# Words that carry no difference between two licences.
_FILLER = frozenset({"the", "license", "licence", "licenses", "agreement", "version", "ver", "v"})
_SEPARATORS = re.compile(r"""[\s_\-.,:;/()\[\]"'`“”‘’–—&]+""")
_LETTER_DIGIT = re.compile(r"(?<=[a-z])(?=\d)")
_VERSION_V = re.compile(r"v(?=\d)")


def fold(name: str) -> str:
    """A licence name without case, punctuation and filler words: 'Apache License, Version 2.0' -> 'apache-2-0'.

    Letters of other scripts, asterisks and plus signs stay, so that 'MIT*' or a Cyrillic look-alike is not MIT.
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    words = []
    for word in _SEPARATORS.split(text):
        parts = _LETTER_DIGIT.sub(" ", _VERSION_V.sub(" ", word)).split()
        for part in parts:
            if part == "noncommercial":
                words += ["non", "commercial"]
            elif part and part not in _FILLER:
                words.append(part)
    return "-".join(words)


@cache
def catalogue() -> Mapping[str, License]:
    """Every licence of index/licenses.toml by its id, in the order of the file."""
    raw = tomllib.loads(files("index").joinpath("licenses.toml").read_text(encoding="utf-8"))
    entries = msgspec.convert(raw["license"], type=list[License])
    return MappingProxyType({entry.id: entry for entry in entries})


def spellings(entry: License) -> frozenset[str]:
    """Every folded name by which `find` knows this licence: id, SPDX id, name and aliases."""
    names = (entry.id, entry.name, entry.spdx, *entry.aliases)
    return frozenset(folded for name in names if (folded := fold(name)))


@cache
def _index() -> Mapping[str, License]:
    index: dict[str, License] = {}
    for entry in catalogue().values():
        for key in spellings(entry):
            other = index.setdefault(key, entry)
            if other is not entry:
                raise ValueError(f"index/licenses.toml: {key!r} names both {other.id} and {entry.id}; keep one alias")
    return MappingProxyType(index)


@lru_cache(maxsize=65_536)
def find(name: str | None) -> License | None:
    """The licence that goes by this id, SPDX id, name or alias; None when the catalogue has none.

    Exact after `fold`: there is no nearest match, because one could turn a restricted licence into an open one.
    """
    if not name or len(name) > 300:
        return None
    exact = catalogue().get(name)
    if exact is not None:
        return exact
    key = fold(name)
    return _index().get(key) if key else None


def find_restricted(name: str | None) -> License | None:
    """The licence of this name if its terms are known and not open; None else, and for the catalogue's stand-ins."""
    named = find(name)
    return named if named is not None and named.conformant == "no" and named.kind != "special" else None


UNKNOWN: License = catalogue()["other"]
NO_LICENSE: License = catalogue()["no-license"]
STATED_NON_COMMERCIAL: License = catalogue()["stated-non-commercial"]

# ------------------------------------------------------------------------------------------------- severity

# Gravest last. Unknown stands above open and below every restriction that we know, so it never hides one.
_SEVERITY = {
    Restriction.NONE: 0,
    Restriction.UNKNOWN_LICENSE: 2,
    Restriction.NO_LICENSE: 3,
    Restriction.COMMUNITY: 4,
    Restriction.USE_RESTRICTED: 5,
    Restriction.NO_DERIVATIVES: 6,
    Restriction.NON_COMMERCIAL: 7,
}
_COPYLEFT = {"weak-copyleft": 1, "strong-copyleft": 2}


def severity(entry: License) -> int:
    """How restrictive, 0 (conformant, OSI-approved) to 7 (non-commercial). Only the order means something."""
    rank = _SEVERITY[Restriction(entry.restriction)]
    return 1 if rank == 0 and entry.conformant != "yes" else rank


def _rank(entry: License) -> tuple[int, bool, int]:
    return severity(entry), entry.derivatives == "no", _COPYLEFT.get(entry.type, 0)


def _order(entry: License) -> tuple[tuple[int, bool, int], str]:
    return _rank(entry), entry.id


def most_restrictive(entries: Iterable[License]) -> License:
    """The gravest of one or more licences, by a total order: the result does not depend on order or repetition.

    Raises ValueError for none at all: no licence is NO_LICENSE, and only the caller knows that nothing was declared.
    """
    return max(entries, key=_order)


def binding(own: License, others: Iterable[License]) -> License:
    """What binds who is under `own` and all of `others`: `own`, unless one of them is more restrictive than it."""
    worst = most_restrictive((own, *others))
    return own if _rank(worst) == _rank(own) else worst


# ---------------------------------------------------------------------------------------------------- names

_ANY_OF = re.compile(r"\s+(?:and|or|with)\s+|[,;|&]|\s\+\s|\s/\s", re.IGNORECASE)
# "nc" is a term of Creative Commons; between blanks it may as well be North Carolina.
_SAYS_NON_COMMERCIAL = re.compile(
    r"\b(?:non[\s-]?commercial|no[\s-]commercial|(?:research|academic)(?:[\s-](?:use|purposes?))?[\s-]only)\b"
    r"|(?<=[\w.]-)nc\b|\b(?:by|cc|mit|licen[cs]e|\d)\s+nc\b"
    r"|\bnc(?:$|-(?:sa|nd|by|only|use|licen[cs]e|community|research|v?\d))",
    re.IGNORECASE,
)
_TAKES_IT_BACK = re.compile(
    r"\b(?:without|no|not|nor|minus|removed|commercial(?:\s*[,/&]\s*|[\s-]+(?:and|or)[\s-]+))[\s-]*(?:any\s+|a\s+|the\s+)?$",
    re.IGNORECASE,
)


def _says_non_commercial(name: str) -> bool:
    """Whether words that are no licence we know say 'non-commercial', and do not just deny it."""
    text = name[:300].replace("_", "-")
    return any(not _TAKES_IT_BACK.search(text[: said.start()]) for said in _SAYS_NON_COMMERCIAL.finditer(text))


def _by_name(name: str) -> License | None:
    """The licence that a `license_name` means: one licence, or the gravest of several joined by and, or, commas."""
    found = find(name)
    if found is not None:
        return found
    parts = [part for part in _ANY_OF.split(name[:300]) if part.strip()]
    if len(parts) > 1:
        known = [entry for part in parts if (entry := find(part.strip())) is not None and entry.kind != "special"]
        if len(known) == len(parts) or any(entry.restriction for entry in known):
            return most_restrictive(known)
    if _says_non_commercial(name):
        return STATED_NON_COMMERCIAL
    return None


# ---------------------------------------------------------------------------------------------------- links

_CREATIVE_COMMONS = re.compile(r"creativecommons\.org/licenses/([a-z]{2}(?:-[a-z]{2}){0,3})/(\d\.\d)(?:[/?#]|$)")
_ID_PAGES = re.compile(
    r"(?:opensource\.org/licenses?|spdx\.org/licenses|choosealicense\.com/licenses|gnu\.org/licenses)"
    r"/([a-z0-9.+-]{2,60})/?$"
)
_PAGE_SUFFIX = re.compile(r"(?:\.en)?\.(?:html?|txt|php|json|md)$")


def fold_link(link: str) -> str:
    """An address without scheme, www, case, query, percent signs and trailing slash, for comparison only."""
    text = unquote(link.strip()[:500]).casefold()
    text = re.sub(r"^https?://", "", text)
    text = re.sub(r"^www\.", "", text)
    text = text.split("?", 1)[0].split("#", 1)[0]
    return text.rstrip("/. ")


@cache
def _link_patterns() -> tuple[tuple[str, re.Pattern[str], License], ...]:
    """Every known address, longest (most telling) first, with its first literal part for a cheap test."""
    rows = []
    for entry in catalogue().values():
        for pattern in entry.links:
            literal = pattern.split("*", 1)[0]
            expression = "[^\n]*".join(re.escape(part) for part in pattern.split("*"))
            rows.append((len(pattern.replace("*", "")), literal, re.compile(expression), entry))
    rows.sort(key=lambda row: (-row[0], row[1], row[3].id))
    return tuple((literal, expression, entry) for _, literal, expression, entry in rows)


def _creative_commons(elements: str, version: str) -> License | None:
    """The Creative Commons licence with these elements; another version of the same terms when we lack the version."""
    known = set(elements.split("-"))
    code = "-".join(part for part in ("by", "nc", "sa", "nd") if part in known)
    if not known <= {"by", "nc", "sa", "nd"}:
        return None
    return find(f"cc-{code}-{version}") or find(f"cc-{code}-4.0")


@lru_cache(maxsize=65_536)
def find_link(link: str | None) -> License | None:
    """The licence that an address stands for: a licence page, or the licence file of a repository known by family.

    None for relative links ('LICENSE'): what they say is in the file, which index/license_texts.py reads.
    """
    if not link:
        return None
    address = fold_link(link)
    if "/" not in address and "." not in address:
        return None
    if match := _CREATIVE_COMMONS.match(address):
        return _creative_commons(match[1], match[2])
    for literal, expression, entry in _link_patterns():
        if address.startswith(literal) and expression.fullmatch(address):
            return entry
    if match := _ID_PAGES.match(_PAGE_SUFFIX.sub("", address)):
        return find(match[1])
    return None


# -------------------------------------------------------------------------------------------------- resolve

_NAMELESS = ("other", "unknown")  # ids of the catalogue that say only that another place says it
# Names of no licence that still say: not one of the usual.
_OWN_TERMS = frozenset({"custom", "bespoke", "proprietary-name", "unlicensed"})
# A link to a file beside the weights says only where the text is; `verdict.py` reads it.
_OWN_FILE = re.compile(
    r"(?:\./|/)?(?:\w[\w.-]{0,60}/){0,2}(?:licen[cs]e|copying|readme)[\w.+-]*(?:#[\w-]*)?|#[\w-]*", re.IGNORECASE
)
_FILE_NAME = re.compile(r"(?:licen[cs]e|copying|readme)(?:\.(?:md|txt|rst|html|pdf))?", re.IGNORECASE)


class _Stated(NamedTuple):
    """What a card's name and link say: the licence of each, or None; and whether one says what we cannot read."""

    named: License | None
    linked: License | None
    unread: str  # '' = nothing that we could not read


def is_own_file(link: str) -> bool:
    """Whether a `license_link` names a licence file or card of its own repo, by a relative path."""
    return bool(_OWN_FILE.fullmatch(link.strip()[:500]))


@lru_cache(maxsize=65_536)
def _stated(license_name: str | None, license_link: str | None) -> _Stated:
    named = _by_name(license_name) if license_name else None
    unread = ""
    if named is not None and named.id in _NAMELESS:
        if fold(license_name or "") in _OWN_TERMS:
            unread = f"it says {license_name!r}"
        named = None  # 'other', 'see license': words that name nothing
    elif license_name and named is None and fold(license_name) and not _FILE_NAME.fullmatch(license_name):
        unread = f"a licence that we do not know: {license_name[:80]!r}"
    linked = find_link(license_link)
    if license_link and linked is None and not unread and not is_own_file(license_link):
        unread = f"the terms are in {license_link[:120]!r}, not read here"
    return _Stated(named, linked, unread)


def _other(license_name: str | None, license_link: str | None) -> tuple[License, Basis, str]:
    """What `license: other` means: the name, else the link; when both speak, the more restrictive.

    A name or link that we cannot read leaves it unknown, unless the other one restricts.
    """
    named, linked, unread = _stated(license_name, license_link)
    known = [entry for entry in (named, linked) if entry is not None]
    if not known:
        if unread:
            return UNKNOWN, "none", unread
        return UNKNOWN, "none", "the licence is named nowhere in the card's fields"
    worse = most_restrictive(known)
    if unread and severity(worse) <= severity(UNKNOWN):
        return UNKNOWN, "none", f"the card names {worse.id} and {unread}; unknown until the text is read"
    basis: Basis = "name" if worse is named else "link"
    if named is not None and linked is not None and linked is not named:
        return worse, basis, f"name says {named.id}, link says {linked.id}; judged by the more restrictive"
    return worse, basis, ""


class _Part(NamedTuple):
    """One declared id, understood."""

    license: License
    basis: Basis
    note: str


def _part(declared_id: str, license_name: str | None, license_link: str | None) -> _Part:
    entry = find(declared_id)
    if entry is None:
        return _legacy(declared_id, license_name, license_link)
    if entry.id in _NAMELESS:
        return _Part(*_other(license_name, license_link))
    return _Part(entry, "tag", "")


def _contradiction(worst: License, license_name: str | None, license_link: str | None) -> _Part | None:
    """What a name or link beside the tag says against it: more restrictive terms, or terms that we do not know."""
    if not any(_stated(license_name, license_link)):
        return None
    entry, basis, note = _other(license_name, license_link)
    if severity(entry) <= severity(worst) or entry.is_conformant:
        return None
    if entry is UNKNOWN:
        return _Part(entry, basis, f"the tag says {worst.id}, but the card does not say the same: {note}")
    note = f"the tag says {worst.id}, but the card's {basis} says {entry.id}; judged by the more restrictive"
    return _Part(entry, basis, note)


@lru_cache(maxsize=131_072)
def resolve(declared: str | None, license_name: str | None = None, license_link: str | None = None) -> Resolution:
    """What a model's licence declaration means.

    `declared` is the Hub's tag, or several joined by ', ' (lower case); `license_name` and `license_link` are the
    card's words: they decide for a declared `other` or `unknown` and when nothing is declared, and they count
    against a tag that says less than they do, or when we cannot read them. Never raises; what is not known is
    UNKNOWN, nothing at all is NO_LICENSE. Cached by its arguments.
    """
    declared_ids = dict.fromkeys(part.strip() for part in (declared or "").split(",") if part.strip())
    if not declared_ids:
        if not license_name and not license_link:
            return Resolution((), NO_LICENSE, "none", "no licence is stated")
        entry, basis, note = _other(license_name, license_link)
        return Resolution((entry.id,) if basis != "none" else (), entry, basis, note)
    parts = [_part(declared_id, license_name, license_link) for declared_id in declared_ids]
    worst = most_restrictive(part.license for part in parts)
    notes = [part.note for part in parts]
    if len(parts) > 1:
        notes.append(
            "several licences are listed and the list does not say whether they are a choice or all apply; "
            f"judged by the most restrictive, {worst.id}"
        )
    if (license_name or license_link) and (against := _contradiction(worst, license_name, license_link)):
        parts.append(against)
        notes.append(against.note)
        worst = against.license
    basis = next(part.basis for part in parts if part.license is worst)
    ids = tuple(dict.fromkeys(part.license.id for part in parts if part.license is not UNKNOWN))
    return Resolution(ids, worst, basis, "; ".join(note for note in dict.fromkeys(notes) if note))


def _legacy(declared_id: str, license_name: str | None, license_link: str | None) -> _Part:
    """A tag that is on no list: what its own words, its name or its link forbid, else unknown."""
    entry, basis, note = _other(license_name, license_link)
    own = _by_name(declared_id)
    if own is not None and own.restriction and (basis == "none" or severity(own) >= severity(entry)):
        return _Part(own, "tag", f"the tag {declared_id[:80]!r} is not on the Hub's list")
    if basis != "none" and entry.restriction:
        return _Part(entry, basis, note)
    return _Part(UNKNOWN, "none", f"a licence tag that we do not know: {declared_id[:80]!r}")

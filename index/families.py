"""Model families: which one a repository belongs to, and which one a reader means. Pure, over families.toml.

A family is a maker's generation of models ("Llama 3"). `family_of` knows only the makers' own repositories and the
copies that families.toml names; everybody else's fine-tune, quantisation or merge gets its family through its declared
ancestors (`family_of_lineage`), never through its name: a name is free to lie.

Does not judge, and reads nothing but its own data file, once.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from rapidfuzz import fuzz, process


class Pretraining(NamedTuple):
    """What a family's makers have said of the data that it was pre-trained on."""

    told: str  # 'public', 'part' or 'withheld'
    source: str  # what was read, or the public data's name
    tuning_withheld: bool = False  # whether they have not named the data of their own tuned models either


class Family(NamedTuple):
    """One family, as families.toml states it."""

    name: str
    maker: str
    patterns: tuple[str, ...]  # org/name with * and ?: the maker's own
    mirrors: tuple[str, ...] = ()  # well-known copies by others
    released: date | None = None  # None: we are not certain of the day
    predecessor: str | None = None
    aliases: tuple[str, ...] = ()
    line: str = ""  # what all its generations together are called: 'Llama' for 'Llama 3.1'
    pretraining: Pretraining | None = None  # None: not known to us
    terms: str = ""  # a licence that open source does not allow, where all its weights are under it
    apart: tuple[str, ...] = ()  # ids of its repositories that are under terms of their own
    root: bool = False  # pre-trained from nothing, those apart whose names say that they were tuned


_GENERATION = re.compile(r"(, others|[ .\-]?[VH]?\d+(\.\d+)?n?)$")


class _Rule(NamedTuple):
    matches: re.Pattern[str]  # over the part after the slash, lower case
    family: str
    official: bool


@cache
def families() -> tuple[Family, ...]:
    """Every family we know, in the order of families.toml. Raises ValueError when that file contradicts itself."""
    text = resources.files("index").joinpath("families.toml").read_text(encoding="utf-8")
    return parse_families(text)


def parse_families(text: str) -> tuple[Family, ...]:
    """TOML -> families. Raises ValueError for a double name or alias, a predecessor that is not there, no
    pattern, a word on pre-training data that we do not know.
    """
    found = tuple(
        Family(
            name=entry["name"],
            maker=entry["maker"],
            patterns=tuple(entry["patterns"]),
            mirrors=tuple(entry.get("mirrors", ())),
            released=entry.get("released"),
            predecessor=entry.get("predecessor"),
            aliases=tuple(entry.get("aliases", ())),
            line=entry.get("line") or _GENERATION.sub("", entry["name"]),
            pretraining=_pretraining(entry),
            terms=entry.get("terms", ""),
            apart=tuple(entry.get("apart", ())),
            root=entry.get("root", False),
        )
        for entry in tomllib.loads(text)["family"]
    )
    names = {family.name for family in found}
    typed: dict[str, str] = {}
    for family in found:
        if family.pretraining is not None and family.pretraining.told not in ("public", "part", "withheld"):
            raise ValueError(f"families: {family.name!r} says {family.pretraining.told!r} of its data")
        if not family.patterns:
            raise ValueError(f"families: {family.name!r} has no pattern")
        if family.predecessor is not None and family.predecessor not in names:
            raise ValueError(f"families: {family.name!r} follows {family.predecessor!r}, which is not a family")
        for words in {_squeeze(w) for w in (family.name, *family.aliases)}:
            if typed.setdefault(words, family.name) != family.name:
                raise ValueError(f"families: {words!r} means both {typed[words]!r} and {family.name!r}")
    return found


def _pretraining(entry: dict[str, Any]) -> Pretraining | None:
    if "pretraining" not in entry:
        return None
    told, source = entry["pretraining"]
    return Pretraining(told, source, entry.get("tuning") == "withheld")


def family_of(repo_id: str) -> str | None:
    """Family of a maker's own repository or of a named mirror, by its id; None for everybody else's."""
    rule = _rule_for(repo_id)
    return None if rule is None else rule.family


def pretraining_of(name: str) -> Pretraining | None:
    """What is known of the data that a family of this name was pre-trained on."""
    family = _by_name().get(name)
    return None if family is None else family.pretraining


#: Words of a name that say that its model sees, hears or speaks: what was read of a family is of its text models.
_SENSES = re.compile(
    r"(?<![a-z0-9])(?:\d+v|vl|vision|visual|omni|audio|speech|multimodal|video)(?![a-z0-9])", re.IGNORECASE
)


def told_family(repo_id: str) -> str | None:
    """`family_of` where what is known of that family's data is known of this model; None for its variants that see or
    hear: they were trained on more, and their reports were not read.
    """
    return None if _SENSES.search(repo_id.partition("/")[2] or repo_id) else family_of(repo_id)


def line_of(name: str) -> str:
    """What all generations of a family of this name are called together; the name itself where it is none's."""
    family = _by_name().get(name)
    return name if family is None else family.line


def terms_of(name: str) -> str:
    """The restricted licence that all weights of a family of this name are under; '' where that is not known."""
    family = _by_name().get(name)
    return "" if family is None else family.terms


def terms_on(repo_id: str) -> str:
    """The restricted licence that a maker's own repository or a named copy is under by the makers' word; '' = none."""
    family = _by_name().get(family_of(repo_id) or "")
    if family is None or repo_id.casefold() in map(str.casefold, family.apart):
        return ""
    return family.terms


def root_family(repo_id: str) -> str | None:
    """The family of a maker's own repository, where that was pre-trained from nothing unless its name says tuned."""
    rule = _rule_for(repo_id)
    if rule is None or not rule.official or _SENSES.search(repo_id.partition("/")[2]):
        return None
    return rule.family if _by_name()[rule.family].root else None


def is_official(repo_id: str) -> bool:
    """Whether an id is a family's own repository: False for mirrors and for everybody else's."""
    rule = _rule_for(repo_id)
    return rule is not None and rule.official


def family_of_lineage(repo_id: str, ancestors: Sequence[str]) -> tuple[str | None, bool]:
    """(family, official) of a repository whose ancestors are given nearest first.

    Its own id decides first; else the nearest ancestor with a family. `official` is True only for the maker's own
    repository: never for a mirror, nor for anything that has its family from an ancestor.
    """
    own = _rule_for(repo_id)
    if own is not None:
        return own.family, own.official
    for ancestor in ancestors:
        rule = _rule_for(ancestor)
        if rule is not None:
            return rule.family, False
    return None, False


def find_family(text: str) -> Family | None:
    """The family a reader means ('Llama 3', 'llama3', 'llama-3', 'Meta-Llama-3'); None when no family is called that.

    Spaces, hyphens, underscores, dots and case do not count, but a version does: 'llama 31' is not 'Llama 3.1'.
    """
    return _by_words().get(_squeeze(text))


def find_families(text: str) -> tuple[Family, ...]:
    """Every family a reader means: the one of that name, else all generations of a line ('Llama', 'qwen', 'Gemma').

    In the order of families.toml, which is the order of release; empty when nothing is called that.
    """
    one = find_family(text)
    if one is not None:
        return (one,)
    return _by_line().get(_squeeze(text), ())


def suggest_families(text: str, limit: int = 5) -> tuple[str, ...]:
    """Names of the families that look most like what was typed, best first; empty when nothing comes near."""
    squeezed = _squeeze(text)
    if not squeezed:
        return ()
    hits = process.extract(squeezed, list(_by_words()), scorer=fuzz.WRatio, limit=limit * 3, score_cutoff=70)
    return tuple(dict.fromkeys(_by_words()[words].name for words, _, _ in hits))[:limit]


def _rule_for(repo_id: str) -> _Rule | None:
    org, slash, name = repo_id.partition("/")
    rules = _by_org().get(org.lower() if slash else "")
    if rules is None:
        return None
    lowered = (name if slash else org).lower()
    for rule in rules:
        if rule.matches.fullmatch(lowered):
            return rule
    return None


@cache
def _by_org() -> dict[str, tuple[_Rule, ...]]:
    """Rules by organisation in lower case ('' for ids of the Hub's early days, without one), most specific first."""
    rules: dict[str, list[tuple[int, _Rule]]] = {}
    for family in families():
        for pattern in (*family.patterns, *family.mirrors):
            org, slash, name = pattern.lower().partition("/")
            if not slash:
                org, name = "", pattern.lower()
            rule = _Rule(_glob(name), family.name, pattern in family.patterns)
            letters = len(name) - name.count("*") - name.count("?")
            rules.setdefault(org, []).append((-letters, rule))
    return {org: tuple(rule for _, rule in sorted(found, key=lambda r: r[0])) for org, found in rules.items()}


def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern), re.DOTALL)


@cache
def _by_name() -> dict[str, Family]:
    return {family.name: family for family in families()}


@cache
def _by_words() -> dict[str, Family]:
    return {_squeeze(words): family for family in families() for words in (family.name, *family.aliases)}


@cache
def _by_line() -> dict[str, tuple[Family, ...]]:
    lines: dict[str, list[Family]] = {}
    for family in families():
        lines.setdefault(_squeeze(family.line), []).append(family)
    return {words: tuple(found) for words, found in lines.items()}


def _squeeze(text: str) -> str:
    """What is compared: lower case without separators, but with the dots and signs that tell versions apart."""
    lowered = re.sub(r"[\s_\-,/]+", "", text.casefold()).replace("ü", "u")
    return re.sub(r"(?<!\d)\.|\.(?!\d)", "", lowered)

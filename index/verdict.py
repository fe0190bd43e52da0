"""One repo with its documents and what its bases hand down -> everything we conclude about it. Pure.

The order: bases that only the README declares, probes over the listing row, its own licence (`own_license.py`), the
card's probes, lineage, rules, level, scores. Reads no database, keeps no state; an exception in here is one repo's
error, made a verdict by `failed`, never the end of a run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from crawler.cards import Card
from crawler.records import Repo
from index import data_sets, frameworks, licenses, lineage, mof_record, rules
from index.families import family_of_lineage
from index.levels import assess, binding
from index.licenses import License
from index.lineage import Handed, Inherited, Limits, Link, hand_down, inherit
from index.model import Assessment, Dimension, Evidence, Judgement, Level, Outcome, Restriction, Value
from index.overrides import Override, apply_overrides
from index.own_license import MAX_QUOTE, README, OwnLicense, Text, own_license, read_card, with_card_bases
from index.probes import run_listing_probes
from index.probes.alike import evidence_of
from index.seen import Seen

__all__ = [
    "QUESTIONS", "README", "Sight", "Text", "Verdict", "examine", "failed", "look", "own_license", "remember", "weigh",
]  # fmt: skip

#: Questions that are answered here and in lineage.py, not by a registered probe: (name, dimension, question).
QUESTIONS = (
    ("card_read", Dimension.MODEL_CARD, "Could we read the model card?"),
    ("front_matter", Dimension.MODEL_CARD, "Could we read the card's front matter?"),
    ("gate_announced", Dimension.END_WEIGHTS, "Does the card's front matter ask for consent before access?"),
    ("license_text", Dimension.LICENSE, "Which licence is the text of the licence file?"),
    ("license_text_conflict", Dimension.LICENSE, "Does the licence file say something else than the tag?"),
    ("license_file_name", Dimension.LICENSE, "Does a file's name say that it holds a restricted licence?"),
    ("family_terms", Dimension.LICENSE,
     "Are the weights, by their makers' word, under restricted terms that the declared licence leaves out?"),
    ("card_license", Dimension.LICENSE,
     "Which licence does the README's front matter declare, where that is not what the Hub lists?"),
    ("card_base", Dimension.BASE_WEIGHTS, "Which bases does only the README's front matter declare?"),
    ("effective_license", Dimension.LICENSE,
     "Is the most restrictive licence, its own and all declared ancestors', one that open source allows?"),
    ("license_conflict", Dimension.LICENSE, "Does an ancestor's licence forbid what the model's own licence grants?"),
    ("stated_base_license", Dimension.BASE_WEIGHTS,
     "Is a base that the card states and does not declare under terms that open source does not allow?"),
    ("known_bases", Dimension.BASE_WEIGHTS, "Is each declared base known, and open weights itself?"),
    ("data_access", Dimension.END_DATA, "May anybody read the data sets that it names, as the Hub shows them?"),
    ("data_license", Dimension.LICENSE, "Is the licence that a named data set declares one that open source allows?"),
    ("data_card", Dimension.DATASHEET, "Does a named data set have a card on the Hub?"),
    ("inherited", Dimension.BASE_WEIGHTS, "What do the declared bases hand down?"),
    ("inherited", Dimension.BASE_DATA, "What do the declared bases hand down?"),
    ("inherited", Dimension.END_DATA, "What does the model that this one is a quantisation of hand down?"),
    ("judge", Dimension.END_WEIGHTS, "Could the model be judged?"),
)  # fmt: skip


class Verdict(NamedTuple):
    """Everything we conclude about one repo."""

    assessment: Assessment
    handed: Handed
    links: tuple[Link, ...]
    radboud_score: float
    eu_score: float
    mof_class: int | None
    family: str | None
    cells: str  # JSON, as stored
    evidence: str  # JSON, as stored
    own: str  # its own licence: JSON, as stored
    digest: bytes
    error: str = ""


class Sight(NamedTuple):
    """What was seen of one repo itself: nothing of its bases, and nothing judged."""

    repo: Repo  # with the bases that only its README declares
    own: OwnLicense
    evidence: tuple[Evidence, ...]  # the own licence's included


def examine(
    repo: Repo,
    texts: Sequence[Text],
    find: Callable[[str], Handed | None],
    *,
    cycle: Iterable[str] = (),
    peers: Iterable[License] = (),
    overrides: Sequence[Override] = (),
    facts: Mapping[str, str] = MappingProxyType({}),
) -> Verdict:
    """Judge one repo. `find`: what a declared base hands down (None: not known); `cycle`, `peers`: as in `inherit`."""
    return weigh(look(repo, texts, facts), find, cycle=cycle, peers=peers, overrides=overrides)


def look(repo: Repo, texts: Sequence[Text], facts: Mapping[str, str] = MappingProxyType({})) -> Sight:
    """Read its row, its card and its licence files. `facts`: what the Hub shows of the data sets that it names."""
    card, why = read_card(texts)
    repo, more = with_card_bases(repo, card)
    own = own_license(repo, texts, card)
    evidence = [*run_listing_probes(repo), *more, *own.evidence, *data_sets.seen(facts)]
    if card is not None:
        evidence += evidence_of(repo, card)
        evidence.append(_gate_announced(card))
        if card.front_matter_error:
            evidence.append(_unread_front_matter(card, card.front_matter_error))
    elif why:
        evidence.append(Evidence(Dimension.MODEL_CARD, "card_read", Outcome.UNAVAILABLE, "", README, why))
    return Sight(repo, own, tuple(evidence))


def remember(repo: Repo, evidence: str, own: str) -> Sight | None:
    """What was seen when a stored verdict was made, out of its dossier; None when that was an error.

    `repo`: with the bases that only its README declares. `evidence`, `own`: as `Verdict` has them.
    """
    license, said, place = _own.decode(own)
    found = _evidence.decode(evidence)
    if not license or any(e.probe == FAILED for e in found):
        return None
    kept = tuple(e for e in found if e.probe not in lineage.PROBES)
    return Sight(repo, OwnLicense(licenses.catalogue()[license], said, place, ()), kept)


_own = msgspec.json.Decoder(tuple[str, str, str])
_evidence = msgspec.json.Decoder(list[Evidence])
FAILED = "judge"  # the probe that reports that a repo could not be judged


def weigh(
    sight: Sight,
    find: Callable[[str], Handed | None],
    *,
    cycle: Iterable[str] = (),
    peers: Iterable[License] = (),
    overrides: Sequence[Override] = (),
    terms: Callable[[str], License | None] = lambda name: None,
) -> Verdict:
    """Lineage, rules, level, scores over what was seen. Evidence in a fixed order, so that equal evidence is one
    dossier, and so that what was stored is judged as what was just read.
    `terms`: those of a model that the card states as a base, by its id; None: not known.
    """
    repo, own = sight.repo, sight.own
    inherited = inherit(own.license, own.said, own.place, repo.bases, find, cycle=cycle, peers=peers, name=repo.repo_id)
    stated = lineage.stated_terms(sight.evidence, terms)
    evidence = sorted({*sight.evidence, *inherited.evidence, *stated})
    found = Seen(evidence)
    judgements = rules.judge_seen(found)
    if overrides:
        judgements = apply_overrides(judgements, overrides)
    made = assess(judgements, evidence, inherited.limits, found)
    binds = binding(found, inherited.limits)
    return _verdict(repo, made, binds, inherited, [find(b.repo_id) for b in repo.bases], own)


def _verdict(
    repo: Repo,
    made: Assessment,
    binds: tuple[Level, Restriction],
    inherited: Inherited,
    bases: Sequence[Handed | None],
    own: OwnLicense | None = None,
) -> Verdict:
    values = {j.dimension: j.value for j in made.judgements}
    family, _ = family_of_lineage(repo.repo_id, [b.repo_id for b in repo.bases])
    if family is None:
        family = next((h.family for h in bases if h and h.family), None)
    handed = hand_down(repo.repo_id, *binds, inherited.limits, values, family)
    cells = msgspec.json.encode(made.judgements).decode()
    evidence = msgspec.json.encode(made.evidence).decode()
    said = msgspec.json.encode((own.license.id, own.said, own.place) if own else ("", "", "")).decode()
    return Verdict(
        made,
        handed,
        inherited.links,
        *_scores(_pattern(values)),
        mof_record.class_of(made.judgements, made.evidence, mof_record.Licensing(inherited.limits.license)),
        family,
        cells,
        evidence,
        said,
        hashlib.blake2b(f"{cells}\n{evidence}\n{said}".encode(), digest_size=16).digest(),
    )


def _pattern(values: dict[str, str]) -> tuple[str, ...]:
    return tuple([values[d] for d in _DIMENSIONS])


_DIMENSIONS = tuple(map(str, Dimension))


@lru_cache(maxsize=65_536)
def _scores(pattern: tuple[str, ...]) -> tuple[float, float]:
    """Scores by the 14 values: few patterns make up most of the Hub."""
    values = dict(zip(_DIMENSIONS, pattern, strict=True))
    return frameworks.radboud_score(values), frameworks.eu_score(values)


def failed(repo: Repo, error: Exception) -> Verdict:
    """The verdict of a repo that could not be judged: nothing proved, nothing excluded, the reason as evidence."""
    reason = f"{type(error).__name__}: {error}"[:MAX_QUOTE]
    judgements = tuple(Judgement(d, Value.UNKNOWN, rules.ERROR_CODE, reason) for d in Dimension)
    limits = Limits(licenses.UNKNOWN, "", Level.L2, Level.L6, Restriction.UNKNOWN_BASE, not repo.bases)
    evidence = (Evidence(Dimension.END_WEIGHTS, FAILED, Outcome.ERROR, "", "repo", reason),)
    made = Assessment(
        Level.L0,
        Level.L6,
        Restriction.UNKNOWN_WEIGHTS,
        limits.license.id,
        judgements,
        evidence,
        claims_open_source=False,
    )  # nothing proved, nothing excluded
    links = tuple(Link(base, None, None, "") for base in repo.bases)
    binds = (Level.L2, Restriction.UNKNOWN_BASE)
    return _verdict(repo, made, binds, Inherited(limits, evidence, links), ())._replace(error=reason)


def _unread_front_matter(card: Card, why: str) -> Evidence:
    """That the front matter could not be read, with the reason; its first words are quoted."""
    quote = card.text[: card.body_start or MAX_QUOTE].partition("\n---")[0][:MAX_QUOTE]
    return Evidence(Dimension.MODEL_CARD, "front_matter", Outcome.ERROR, quote, f"{README}#0-{len(quote)}", why)


def _gate_announced(card: Card) -> Evidence:
    """Whether the front matter has a form or a text for people who ask for access, as gated repositories have."""
    for key in card.front_matter:
        if key.startswith("extra_gated"):
            at = max(card.text.find(key, 0, card.body_start), 0)
            place = f"{README}#{at}-{at + len(key)}"
            return Evidence(Dimension.END_WEIGHTS, "gate_announced", Outcome.YES, key, place, key)
    return Evidence(Dimension.END_WEIGHTS, "gate_announced", Outcome.NOT_STATED, "", README)

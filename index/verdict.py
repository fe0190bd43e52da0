"""One repo with its documents and what its bases hand down -> everything we conclude about it. Pure.

The order: probes over the listing row, its own licence (tag, name, link, licence texts), the card's probes, lineage,
rules, level, scores. Reads no database, keeps no state; an exception in here is one repo's error, made a verdict by
`failed`, never the end of a run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from crawler.cards import Card, parse
from crawler.records import Repo
from index import frameworks, license_texts, licenses, mof_record, rules
from index.families import family_of_lineage
from index.levels import assess, binding
from index.licenses import License
from index.lineage import Handed, Inherited, Limits, Link, hand_down, inherit
from index.model import Assessment, Dimension, Evidence, Judgement, Level, Outcome, Restriction, Value
from index.overrides import Override, apply_overrides
from index.probes import run_card_probes, run_listing_probes
from index.seen import Seen

README = "README.md"
MAX_QUOTE = 200
#: Clauses of a licence text that we do not recognise which no open licence has.
RESTRICTING = frozenset(
    {"user-threshold", "non-commercial", "research-only", "field-of-use", "acceptable-use-policy", "no-derivatives",
     "no-training-of-other-models", "territory"}
)  # fmt: skip

#: Questions that are answered here and in lineage.py, not by a registered probe: (name, dimension, question).
QUESTIONS = (
    ("card_read", Dimension.MODEL_CARD, "Could we read the model card?"),
    ("gate_announced", Dimension.END_WEIGHTS, "Does the card's front matter ask for consent before access?"),
    ("license_text", Dimension.LICENSE, "Which licence is the text of the licence file?"),
    ("license_text_conflict", Dimension.LICENSE, "Does the licence file say something else than the tag?"),
    ("effective_license", Dimension.LICENSE,
     "Is the most restrictive licence, its own and all declared ancestors', one that open source allows?"),
    ("license_conflict", Dimension.LICENSE, "Does an ancestor's licence forbid what the model's own licence grants?"),
    ("known_bases", Dimension.BASE_WEIGHTS, "Is each declared base known, and open weights itself?"),
    ("inherited", Dimension.BASE_WEIGHTS, "What do the declared bases hand down?"),
    ("inherited", Dimension.BASE_DATA, "What do the declared bases hand down?"),
    ("inherited", Dimension.END_DATA, "What does the model that this one is a quantisation of hand down?"),
    ("judge", Dimension.END_WEIGHTS, "Could the model be judged?"),
)  # fmt: skip


class Text(NamedTuple):
    """A document of a repo. `body` None: not read, `outcome` says why (missing, gated, elsewhere, error...)."""

    path: str
    outcome: str
    body: bytes | None


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
    digest: bytes
    error: str = ""


class OwnLicense(NamedTuple):
    """A repo's own licence: what it is judged as, the words and the place it rests on, the evidence."""

    license: License
    said: str
    place: str
    evidence: tuple[Evidence, ...]


def examine(
    repo: Repo,
    texts: Sequence[Text],
    find: Callable[[str], Handed | None],
    *,
    cycle: Iterable[str] = (),
    peers: Iterable[License] = (),
    overrides: Sequence[Override] = (),
) -> Verdict:
    """Judge one repo. `find`: what a declared base hands down (None: not known); `cycle`, `peers`: as in `inherit`."""
    evidence = run_listing_probes(repo)
    own = own_license(repo, texts)
    evidence += own.evidence
    card, why = _card(texts)
    if card is not None:
        evidence += run_card_probes(repo, card)
        evidence.append(_gate_announced(card))
    elif why:
        evidence.append(Evidence(Dimension.MODEL_CARD, "card_read", Outcome.UNAVAILABLE, "", README, why))
    inherited = inherit(own.license, own.said, own.place, repo.bases, find, cycle=cycle, peers=peers, name=repo.repo_id)
    evidence += inherited.evidence
    return conclude(repo, evidence, inherited, [find(b.repo_id) for b in repo.bases], overrides)


def conclude(
    repo: Repo,
    evidence: Sequence[Evidence],
    inherited: Inherited,
    bases: Sequence[Handed | None],
    overrides: Sequence[Override] = (),
) -> Verdict:
    """Rules, level, scores over gathered evidence."""
    found = Seen(evidence)
    judgements = rules.judge_seen(found)
    if overrides:
        judgements = apply_overrides(judgements, overrides)
    made = assess(judgements, evidence, inherited.limits, found)
    return _verdict(repo, made, binding(found, inherited.limits), inherited, bases)


def _verdict(
    repo: Repo,
    made: Assessment,
    binds: tuple[Level, Restriction],
    inherited: Inherited,
    bases: Sequence[Handed | None],
) -> Verdict:
    values = {j.dimension: j.value for j in made.judgements}
    family, _ = family_of_lineage(repo.repo_id, [b.repo_id for b in repo.bases])
    if family is None:
        family = next((h.family for h in bases if h and h.family), None)
    handed = hand_down(repo.repo_id, *binds, inherited.limits, values, family)
    cells, evidence = encoded(made.judgements, made.evidence)
    return Verdict(
        made,
        handed,
        inherited.links,
        *_scores(_pattern(values)),
        mof_record.class_of(made.judgements, made.evidence, mof_record.Licensing(inherited.limits.license)),
        family,
        cells,
        evidence,
        hashlib.blake2b(f"{cells}\n{evidence}".encode(), digest_size=16).digest(),
    )


def _pattern(values: dict[str, str]) -> tuple[str, ...]:
    return tuple(values[d] for d in Dimension)


@lru_cache(maxsize=65_536)
def _scores(pattern: tuple[str, ...]) -> tuple[float, float]:
    """Scores by the 14 values: few patterns make up most of the Hub."""
    values = dict(zip(map(str, Dimension), pattern, strict=True))
    return frameworks.radboud_score(values), frameworks.eu_score(values)


def encoded(judgements: Sequence[Judgement], evidence: Sequence[Evidence]) -> tuple[str, str]:
    """The two JSON texts of a dossier. Evidence in a fixed order, so that equal evidence is one dossier."""
    return msgspec.json.encode(judgements).decode(), msgspec.json.encode(sorted(set(evidence))).decode()


def failed(repo: Repo, error: Exception) -> Verdict:
    """The verdict of a repo that could not be judged: nothing proved, nothing excluded, the reason as evidence."""
    reason = f"{type(error).__name__}: {error}"[:MAX_QUOTE]
    judgements = tuple(Judgement(d, Value.UNKNOWN, rules.ERROR_CODE, reason) for d in Dimension)
    limits = Limits(licenses.UNKNOWN, "", Level.L2, Level.L6, Restriction.UNKNOWN_BASE, not repo.bases)
    evidence = (Evidence(Dimension.END_WEIGHTS, "judge", Outcome.ERROR, "", "repo", reason),)
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


def _card(texts: Sequence[Text]) -> tuple[Card | None, str]:
    """The parsed card, or why there is none ('' = it was never asked for)."""
    for text in texts:
        if text.path == README:
            return (parse(text.body), "") if text.body is not None else (None, text.outcome)
    return None, ""


def _gate_announced(card: Card) -> Evidence:
    """Whether the front matter has a form or a text for people who ask for access, as gated repositories have."""
    for key in card.front_matter:
        if key.startswith("extra_gated"):
            at = max(card.text.find(key, 0, card.body_start), 0)
            place = f"{README}#{at}-{at + len(key)}"
            return Evidence(Dimension.END_WEIGHTS, "gate_announced", Outcome.YES, key, place, key)
    return Evidence(Dimension.END_WEIGHTS, "gate_announced", Outcome.NOT_STATED, "", README)


# ------------------------------------------------------------------------------------------------- own licence


def own_license(repo: Repo, texts: Sequence[Text]) -> OwnLicense:
    """A repo's own licence: its declaration, and the licence texts in it. The more restrictive of the two counts.

    A text alone decides where the declaration says nothing that we know. A text that is an open licence with a
    restriction added is no licence that we know.
    """
    declared = licenses.resolve(repo.license, repo.license_name, repo.license_link)
    license = declared.license
    said, place = _declaration(repo, declared)
    evidence: list[Evidence] = []
    for text in texts:
        if text.path == README or text.body is None:
            continue
        found, known, against = _read(text, license)
        evidence.append(found)
        if against:
            evidence.append(found._replace(probe="license_text_conflict", outcome=Outcome.YES, value=against))
        if known is None:
            continue
        silent = license.conformant == "unknown" or license is licenses.NO_LICENSE
        judged = known if silent else licenses.most_restrictive((license, known))
        if judged is not license:
            license, said, place = judged, found.quote, found.place
    return OwnLicense(license, said, place, tuple(evidence))


def _declaration(repo: Repo, declared: licenses.Resolution) -> tuple[str, str]:
    """The words of the metadata that decided, and their field."""
    if declared.basis == "name" and repo.license_name:
        return repo.license_name, "cardData.license_name"
    if declared.basis == "link" and repo.license_link:
        return repo.license_link, "cardData.license_link"
    tagged = any(t.startswith("license:") for t in repo.tags or ())
    return repo.license or "", "tags" if tagged or not repo.license else "cardData.license"


@lru_cache(maxsize=512)
def _recognised(body: bytes) -> license_texts.Match:
    return license_texts.recognise(body.decode("utf-8", "replace"))


def _read(text: Text, declared: License) -> tuple[Evidence, License | None, str]:
    """(what a licence file is, as a licence or None, the conflict with what is declared as a sentence or '')."""
    assert text.body is not None
    match = _recognised(text.body)
    written = text.body.decode("utf-8", "replace")
    against = license_texts.conflict(declared, match) or ""
    if match.license_id is not None:
        known = licenses.catalogue()[match.license_id]
        return _license_text(text, written, match.quotes, Outcome.YES, known.id), known, against
    if match.method == "modified":
        return _license_text(text, written, match.quotes, Outcome.NO, "modified"), licenses.UNKNOWN, against
    for clause in license_texts.clauses(written):
        if clause.kind in RESTRICTING:
            against = f"declared {declared.id}, but {text.path} has a clause: {clause.kind}"
            found = _license_text(text, written, (clause.quote,), Outcome.NO, clause.kind)
            return found, licenses.UNKNOWN, against if declared.is_conformant else ""
    return _license_text(text, written, (), Outcome.NOT_STATED, ""), None, ""


def _license_text(text: Text, written: str, quotes: Sequence[str], outcome: Outcome, value: str) -> Evidence:
    """Evidence that quotes a licence file, by the first of the quotes or the file's first words."""
    quote = (quotes[0] if quotes else written.strip()[:80])[:MAX_QUOTE]
    at = written.find(quote)
    place = f"{text.path}#{at}-{at + len(quote)}" if at >= 0 else text.path
    return Evidence(Dimension.LICENSE, "license_text", outcome, quote, place, value)

"""The base-model graph: what a model's declared ancestors allow it, and what it takes over from them. Pure.

A licence binds what is made from a work, so the effective licence is the most restrictive of a model's own and of all
its declared ancestors', through renames and round cycles. A base that is unknown, or whose weights or licence are,
keeps its descendants from being proved above L2; where its family's makers give all weights under one licence, that
binds. Access does not work down: a click before the base's download asks nothing of somebody who downloads the
fine-tune, unless the base's licence does, and then the licence binds. Only declared bases count; a name that sounds
like Llama is a hint (a probe's), not a base. Reads no database: `judge.py` gives it nodes and gets limits, evidence
and conflict sentences back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from crawler.records import Base
from index.families import terms_on
from index.licenses import License, binding, catalogue, most_restrictive
from index.model import GRAVITY, Dimension, Evidence, Level, Outcome, Restriction, Value

#: The models that had no owner until the Hub moved them (2024): `gpt2` is `openai-community/gpt2` today. Any other name
#: without an owner is nobody's: whoever guessed one would hand the licence of a stranger down.
MOVED = {
    name: f"{owner}/{name}"
    for owner, names in {
        "albert": "albert-base-v1 albert-base-v2 albert-large-v1 albert-large-v2 albert-xlarge-v1 albert-xlarge-v2"
        " albert-xxlarge-v1 albert-xxlarge-v2",
        "almanach": "camembert-base camembert-large",
        "distilbert": "distilbert-base-cased distilbert-base-cased-distilled-squad distilbert-base-german-cased"
        " distilbert-base-multilingual-cased distilbert-base-uncased distilbert-base-uncased-distilled-squad"
        " distilbert-base-uncased-finetuned-sst-2-english distilgpt2 distilroberta-base",
        "FacebookAI": "roberta-base roberta-large roberta-large-mnli xlm-clm-ende-1024 xlm-clm-enfr-1024"
        " xlm-mlm-100-1280 xlm-mlm-17-1280 xlm-mlm-en-2048 xlm-mlm-ende-1024 xlm-mlm-enfr-1024 xlm-mlm-enro-1024"
        " xlm-mlm-tlm-xnli15-1024 xlm-mlm-xnli15-1024 xlm-roberta-base xlm-roberta-large"
        " xlm-roberta-large-finetuned-conll02-dutch xlm-roberta-large-finetuned-conll02-spanish"
        " xlm-roberta-large-finetuned-conll03-english xlm-roberta-large-finetuned-conll03-german",
        "google-bert": "bert-base-cased bert-base-cased-finetuned-mrpc bert-base-chinese bert-base-german-cased"
        " bert-base-german-dbmdz-cased bert-base-german-dbmdz-uncased bert-base-multilingual-cased"
        " bert-base-multilingual-uncased bert-base-uncased bert-large-cased bert-large-cased-whole-word-masking"
        " bert-large-cased-whole-word-masking-finetuned-squad bert-large-uncased"
        " bert-large-uncased-whole-word-masking bert-large-uncased-whole-word-masking-finetuned-squad",
        "google-t5": "t5-11b t5-3b t5-base t5-large t5-small",
        "openai-community": "gpt2 gpt2-large gpt2-medium gpt2-xl openai-gpt roberta-base-openai-detector"
        " roberta-large-openai-detector",
        "Salesforce": "ctrl",
        "transfo-xl": "transfo-xl-wt103",
        "xlnet": "xlnet-base-cased xlnet-large-cased",
    }.items()
    for name in names.split()
}
MAX_QUOTED = 12  # ancestors that get their own evidence; the licence counts all of them
_SAME_MODEL = re.compile(
    r"(?:^|[-_.])(?:gguf|gptq|awq|ggml|exl[23]|bnb|mlx|onnx|[2-8][-_]?bit|int[48]|fp8)", re.IGNORECASE
)  # fmt: skip


class Handed(NamedTuple):
    """What a judged repo hands down to whatever is made from it."""

    repo_id: str
    license: str  # catalogue id of its effective licence
    allows: Level  # nothing made from it is proved above this
    allows_max: Level  # nor can be above this, whatever else is shown
    why: Restriction  # of the two limits above
    base_data: str  # Value, as the next three
    end_data: str
    base_weights: str
    end_weights: str
    is_root: bool  # it declares no base itself
    family: str | None = None


class Claim(NamedTuple):
    """A repo that bears a name today, or bore it once."""

    repo: int
    created_at: str | None  # ISO 8601, UTC


class Named(NamedTuple):
    """A repo that bears a name in this spelling (`now`), or bore it and is called otherwise now."""

    spelling: str
    now: bool
    claim: Claim


class Limits(NamedTuple):
    """What licence and lineage allow one model."""

    license: License  # effective
    imposed_by: str  # the ancestor whose licence it is; '' = the model's own
    allows: Level  # from the ancestors alone
    allows_max: Level
    why: Restriction
    is_root: bool


class Link(NamedTuple):
    """One declared ancestor, as the table `lineage` shows it."""

    base: Base
    resolved: str | None  # its name today; None = not on the Hub as far as we know
    license: str | None  # its effective licence; of a base that we do not have, its family's
    conflict: str  # in words; '' = none


class Inherited(NamedTuple):
    """Limits, evidence and links of one model."""

    limits: Limits
    evidence: tuple[Evidence, ...]
    links: tuple[Link, ...]


#: What `inherit` reports. It is asked anew whenever a model is judged; all other evidence is of the model alone.
PROBES = frozenset({"effective_license", "license_conflict", "known_bases", "inherited", "stated_base_license"})
_YES, _NO = Outcome.YES, Outcome.NO
_BASE = Dimension.BASE_WEIGHTS
_FREE = Level.L6


def hand_down(
    repo_id: str, level: Level, restriction: Restriction, limits: Limits, cells: Mapping[str, str],
    family: str | None = None,
) -> Handed:  # fmt: skip
    """What a model allows its descendants: L6 when `level` is L3 or more, else at most L2.

    `level` and `restriction` are those that its weights, licence and lineage alone leave it (`levels.binding`): how
    one gets at the model itself, and what is documented of it, bind nobody else. A limit is certain (`allows_max`) only
    when it is one of licence; missing weights, an unknown licence or an unknown base only keep a descendant unproved.
    """
    bound = min(limits.allows_max, _license_max(limits.license))
    if level >= Level.L3:
        allows, why = _FREE, Restriction.NONE
    else:
        allows, why = Level.L2, _why_below(restriction, limits, bound)
    return Handed(
        repo_id, limits.license.id, allows, bound, why,
        cells.get(Dimension.BASE_DATA, Value.UNKNOWN), cells.get(Dimension.END_DATA, Value.UNKNOWN),
        cells.get(Dimension.BASE_WEIGHTS, Value.UNKNOWN), cells.get(Dimension.END_WEIGHTS, Value.UNKNOWN),
        limits.is_root, family,
    )  # fmt: skip


def _license_max(license: License) -> Level:
    """The highest level that a licence does not exclude: unknown or unstated terms exclude nothing by themselves."""
    return Level.L2 if license.conformant == "no" and license.restriction != Restriction.NO_LICENSE else _FREE


def _why_below(restriction: Restriction, limits: Limits, bound: Level) -> Restriction:
    """Why nothing made from such a model is proved above L2, gravest first."""
    if limits.license.restriction:
        return Restriction(limits.license.restriction)
    if bound <= Level.L2:
        return limits.why
    return Restriction.UNKNOWN_BASE if restriction is not Restriction.UNKNOWN_LICENSE else restriction


def inherit(
    own: License,
    said: str,
    place: str,
    bases: Sequence[Base],
    find: Callable[[str], Handed | None],
    *,
    cycle: Iterable[str] = (),
    peers: Iterable[License] = (),
    name: str = "",
) -> Inherited:
    """What a model with this own licence takes over from its declared bases.

    `said` and `place` are its licence declaration and where it stands. `find` gives what a base hands down, None for a
    base that is not known. `cycle` names bases that descend from this model: their licences, and those that bind them
    from outside the cycle, come as `peers`; the rest of them is unknown.
    """
    looped = frozenset(cycle)
    found = [(b, None if b.repo_id in looped or _same_name(b, name) else find(b.repo_id)) for b in bases]
    terms = [base_terms(b, h, name) for b, h in found]
    chain = [(own, ""), *((t, b.repo_id) for t, (b, _) in zip(terms, found, strict=True) if t)]
    chain += [(p, "a cycle") for p in peers]
    effective = binding(own, [license for license, _ in chain])
    imposed_by = next(who for license, who in chain if license is effective)
    limits = Limits(effective, imposed_by, *_allowed(found, terms), not bases)
    links = tuple(
        Link(b, h.repo_id if h else None, t.id if t else None, _conflict(own, said, b, t))
        for t, (b, h) in zip(terms, found, strict=True)
    )
    evidence = [_license_evidence(limits, said, place)]
    evidence += _base_evidence(found, looped, name)
    evidence += _inherited_cells(found, name)
    evidence += [
        Evidence(
            Dimension.LICENSE, "license_conflict", _YES, link.conflict, f"base:{link.base.repo_id}", link.license or ""
        )
        for link in links
        if link.conflict
    ][:MAX_QUOTED]
    return Inherited(limits, tuple(evidence), links)


def stated_terms(sight: Iterable[Evidence], find: Callable[[str], License | None]) -> Iterator[Evidence]:
    """What the bases that a card states by their ids, and does not declare, are under, where that allows no level 3.

    `find`: the terms of a model by its id; None = nobody knows it.
    """
    for said in sight:
        if said.probe == "stated_base_ids" and said.outcome is Outcome.YES:
            terms = find(said.value)
            if terms is not None and not terms.is_conformant:
                value = f"{said.value}: {terms.id}"
                yield said._replace(probe="stated_base_license", value=value)


def _same_name(base: Base, name: str) -> bool:
    return base.repo_id.casefold() == name.casefold()


def base_terms(base: Base, handed: Handed | None, name: str) -> License | None:
    """The licence that a base hands down; of one that is not in the index, that of its family, where that is known."""
    if handed is not None:
        return catalogue()[handed.license]
    known = "" if _same_name(base, name) else next(filter(None, map(terms_on, candidates(base.repo_id))), "")
    return catalogue()[known] if known else None


def _allowed(
    found: Sequence[tuple[Base, Handed | None]], terms: Sequence[License | None]
) -> tuple[Level, Level, Restriction]:
    """The least that any ancestor allows, and the gravest reason among those that allow the least."""
    allows, bound = _FREE, _FREE
    reasons: list[Restriction] = []
    for license, (_, handed) in zip(terms, found, strict=True):
        if handed is None:
            allows = min(allows, Level.L2)
            if license is not None:
                bound = min(bound, _license_max(license))
            reasons.append(Restriction(license.restriction) if license else Restriction.UNKNOWN_BASE)
            continue
        allows, bound = min(allows, handed.allows), min(bound, handed.allows_max)
        if handed.why is not Restriction.NONE:
            reasons.append(handed.why)
    return allows, bound, min(reasons, key=GRAVITY.__getitem__, default=Restriction.NONE)


def _license_evidence(limits: Limits, said: str, place: str) -> Evidence:
    """Whether the effective licence conforms, with the words it rests on."""
    license = limits.license
    if license.is_conformant:
        outcome = _YES
    elif license.restriction == Restriction.NO_LICENSE:
        outcome = Outcome.NOT_STATED
    else:
        outcome = _NO if license.conformant == "no" else Outcome.UNAVAILABLE
    if limits.imposed_by:
        return Evidence(
            Dimension.LICENSE, "effective_license", outcome, license.id, f"base:{limits.imposed_by}", license.id
        )
    return Evidence(Dimension.LICENSE, "effective_license", outcome, said, place, license.id)


def _base_evidence(
    found: Sequence[tuple[Base, Handed | None]], looped: frozenset[str], name: str
) -> Iterator[Evidence]:
    """Which declared bases cannot be judged, and which allow less than L3."""
    for base, handed in found[:MAX_QUOTED]:
        place = f"base:{base.repo_id}"
        if base.repo_id in looped or _same_name(base, name):
            yield Evidence(_BASE, "known_bases", _NO, base.repo_id, place, "cycle")
        elif handed is None:
            yield Evidence(_BASE, "known_bases", Outcome.UNAVAILABLE, base.repo_id, place)
        else:
            outcome = _YES if handed.allows >= Level.L3 else _NO
            yield Evidence(_BASE, "known_bases", outcome, handed.repo_id, place, str(handed.why))


def _inherited_cells(found: Sequence[tuple[Base, Handed | None]], name: str) -> Iterator[Evidence]:
    """The data and weights cells that come from the bases. A quantisation is the same model: all its cells come."""
    same = [h for b, h in found if h and is_same_model(b, name)]
    cells: tuple[tuple[Dimension, str], ...]
    if len(found) == 1 and same:
        handed = same[0]
        cells = (
            (Dimension.BASE_DATA, handed.base_data),
            (Dimension.END_DATA, handed.end_data),
            (_BASE, handed.end_weights if handed.is_root else handed.base_weights),
        )
    else:
        data = [_pretraining(h) if h else None for _, h in found]
        cells = (
            (Dimension.BASE_DATA, together(data)),
            (_BASE, together([h.end_weights if h else None for _, h in found])),
        )
    where = found[0][0].repo_id if found else ""
    for dimension, value in cells:
        if value not in (Value.UNKNOWN, Value.NOT_APPLICABLE):
            yield Evidence(dimension, "inherited", _YES, str(value), f"base:{where}", str(value))


def _pretraining(handed: Handed) -> str:
    """What is known of the data that a base was made from, before anything that is made from the base.

    Its own training data, where it declares no base and nothing speaks of one: a tune of an undeclared Llama names its
    tuning data, which is nobody's pre-training data.
    """
    return handed.end_data if handed.is_root and handed.allows == _FREE else handed.base_data


def is_same_model(base: Base, name: str) -> bool:
    """Whether the relation is only another number format of the same weights."""
    return base.relation == "quantized" or (not base.relation and _SAME_MODEL.search(name) is not None)


def together(values: Sequence[str | None]) -> str:
    """One cell for several bases: the same as all of them, partial when they differ, unknown when one is not known."""
    if not values or any(v is None or v in (Value.UNKNOWN, Value.NOT_APPLICABLE) for v in values):
        return Value.UNKNOWN
    return str(values[0]) if len(set(values)) == 1 else Value.PARTIAL


def _conflict(own: License, said: str, base: Base, theirs: License | None) -> str:
    """The path in words when the base's licence forbids what the model's own licence grants."""
    if theirs is None or not own.is_conformant:
        return ""
    if theirs.conformant != "no" or theirs.restriction == Restriction.NO_LICENSE:
        return ""
    return f"tag {said}, but base {base.repo_id}: {theirs.id}"


# ------------------------------------------------------------------------------------------------- the graph


def candidates(name: str) -> Iterator[str]:
    """Names under which a declared base may stand today, likeliest first (renames of our own record come after)."""
    name = name.strip().removeprefix("https://huggingface.co/").strip("/")
    yield name
    if name.casefold() in MOVED:
        yield MOVED[name.casefold()]


def claimants(name: str, bearers: Sequence[Named]) -> list[Claim]:
    """The repos that a declared name may mean, of those that bear or bore it in any case of its letters.

    The one that bears it as it is written is meant, with whoever bore it so before. Else the Hub takes any case: then
    all of them may be meant, unless several bear it in other spellings, which nobody can tell apart: it is unknown.
    """
    exact = [b for b in bearers if b.spelling == name]
    if not any(b.now for b in exact):
        if len({b.spelling for b in bearers if b.now}) > 1:
            return []
        exact = list(bearers)
    return list(dict.fromkeys(b.claim for b in exact))


#: Days that a base may be younger than what is made from it: makers upload a release's repositories in any order.
GRACE = timedelta(days=30)


def eligible(claims: Iterable[Claim], created_at: str | None) -> list[Claim]:
    """Those of a name's claimants that something created at this time (ISO 8601) can be made from.

    A name can pass to another repo once its bearer is deleted. With several claimants, those created after the child
    drop out; a single one may be younger by GRACE. Where a date is not known, the claimant stays.
    """
    found = list(claims)
    latest = _moment(created_at)
    if latest is None:
        return found
    if len(found) == 1:
        latest += GRACE
    return [c for c in found if (born := _moment(c.created_at)) is None or born <= latest]


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text[:19]) if text else None
    except ValueError:  # the Hub's word, not ours
        return None


def strictest(claimed: Sequence[Handed | None]) -> Handed | None:
    """What a name hands down that several repos claim: the most restrictive of their terms, cells they agree on.

    None (an unknown base) when there is none, or one of them is not judged.
    """
    found = [h for h in claimed if h is not None]
    if not found or len(found) < len(claimed):
        return None
    if len(found) == 1:
        return found[0]
    known = catalogue()
    effective = most_restrictive(known[h.license] for h in found)
    binding = next(h for h in found if known[h.license] is effective)
    allows = min(h.allows for h in found)
    reasons = (h.why for h in found if h.allows == allows)
    cells = {name: getattr(binding, name) for name in ("base_data", "end_data", "base_weights", "end_weights")}
    return binding._replace(
        allows=allows,
        allows_max=min(h.allows_max for h in found),
        why=min(reasons, key=GRAVITY.__getitem__),
        is_root=all(h.is_root for h in found),
        **{name: value if all(getattr(h, name) == value for h in found) else str(Value.UNKNOWN)
           for name, value in cells.items()},
    )  # fmt: skip


def ancestors_first(bases: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Groups of names, every group after all groups that its members descend from; a group of several is a cycle.

    `bases`: name -> names of its bases; names that are not keys are outside and ignored. Tarjan's algorithm without
    recursion, because chains of a thousand fine-tunes exist; linear in names and declarations.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in bases:
        if root in index:
            continue
        work: list[tuple[str, Iterator[str]]] = [(root, iter(bases[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            name, rest = work[-1]
            for base in rest:
                if base not in bases:
                    continue
                if base not in index:
                    index[base] = low[base] = len(index)
                    stack.append(base)
                    on_stack.add(base)
                    work.append((base, iter(bases[base])))
                    break
                if base in on_stack:
                    low[name] = min(low[name], index[base])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[name])
                if low[name] == index[name]:
                    yield tuple(_pop_group(stack, on_stack, name))


def _pop_group(stack: list[str], on_stack: set[str], until: str) -> Iterator[str]:
    while True:
        name = stack.pop()
        on_stack.discard(name)
        yield name
        if name == until:
            return

"""The evidence of one characteristic as a page tells it: quotes, facts of the Hub, what was looked for in vain. Pure.

Words of a card or a licence are quoted, once, however many probes read them. A value of one of the Hub's fields is no
quote: it is said in the reader's language, with the raw value beside it where the two differ. Does not judge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from index.model import Outcome
from index.rows import Model, Proof
from index.site import render
from index.site.render import Texts

#: Revisions of the bundled sample's own cards begin like this: the Hub has no such commit.
STAND_IN = "0" * 24
_TEXTS = ("README", "LICENSE", "LICENCE", "NOTICE", "COPYING")
_FAILED = frozenset({Outcome.UNAVAILABLE, Outcome.ERROR})


class Quote(NamedTuple):
    """Words of a text. `against`: a probe read them as a no; `url`: where they stand, '' where the Hub has no page."""

    words: str
    place: str
    url: str
    observed: str | None
    against: bool
    probes: tuple[str, ...]


class Fact(NamedTuple):
    """What a field of the Hub holds: `values` in the reader's language, `raw` where that is not what stands there."""

    label: str
    values: tuple[str, ...]
    raw: str
    url: str
    observed: str | None
    probes: tuple[str, ...]


class Told(NamedTuple):
    """All of it. `unseen`: (place, probes) that could not be looked at; `vain`: those that found nothing."""

    quotes: tuple[Quote, ...]
    facts: tuple[Fact, ...]
    unseen: tuple[tuple[str, tuple[str, ...]], ...]
    vain: tuple[tuple[str, tuple[str, ...]], ...]


def tell(model: Model, proofs: Sequence[Proof], t: Texts) -> Told:
    """The evidence of a characteristic, in the order of the proofs; those that say the same are one."""
    quotes: dict[tuple[str, str], list[Proof]] = {}
    facts: dict[str, list[Proof]] = {}
    unseen: dict[str, list[str]] = {}
    vain: dict[str, list[str]] = {}
    for p in proofs:
        if not p.quote and p.outcome in _FAILED:
            unseen.setdefault(p.place, []).append(p.probe)
        elif not p.quote:
            vain.setdefault(p.place, []).append(p.probe)
        elif is_text(p.place):
            quotes.setdefault((p.quote, p.place), []).append(p)
        else:
            facts.setdefault(_label(p, t), []).append(p)
    return Told(
        tuple(_quote(model, found) for found in _longest(quotes)),
        tuple(_fact(model, label, found, t) for label, found in facts.items()),
        _by_place(unseen),
        _by_place(vain),
    )


def is_text(place: str) -> bool:
    """Whether a place is in a text that people wrote, and no field of the Hub."""
    name = place.partition("#")[0]
    return "#" in place or name.endswith((".md", ".txt")) or name.upper().startswith(_TEXTS)


def _longest(quotes: Mapping[tuple[str, str], list[Proof]]) -> list[list[Proof]]:
    """The proofs by quote; words that are the beginning of a longer quote from the same place are told with that."""
    kept: dict[tuple[str, str], list[Proof]] = {}
    for (words, place), found in sorted(quotes.items(), key=lambda item: -len(item[0][0])):
        start = place.partition("-")[0]
        longer = next((k for k in kept if k[1].partition("-")[0] == start and k[0].startswith(words)), (words, place))
        kept.setdefault(longer, []).extend(found)
    return [kept[key] for key in quotes if key in kept]


def _quote(model: Model, found: Sequence[Proof]) -> Quote:
    first = found[0]
    against = any(p.outcome == Outcome.NO for p in found)
    return Quote(first.quote, first.place, link(model, first), first.observed, against, _probes(found))


def _fact(model: Model, label: str, found: Sequence[Proof], t: Texts) -> Fact:
    first = found[0]
    said = {p.quote: _in_words(p, t) for p in found}
    raw = [quote for quote, words in said.items() if words != quote]
    return Fact(label, tuple(said.values()), f"{first.place}: {', '.join(raw)}" if raw else "",
                link(model, first), first.observed, _probes(found))  # fmt: skip


def _probes(found: Sequence[Proof]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(p.probe for p in found))


def _by_place(found: dict[str, list[str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((place, tuple(dict.fromkeys(probes))) for place, probes in found.items())


def _label(proof: Proof, t: Texts) -> str:
    """What a field is called: 'Files', 'Base model org/name', 'Front matter, license_name'."""
    kind, _, rest = proof.place.partition(":")
    if rest:
        return f"{t('place.' + kind)} {rest}" if t.has(f"place.{kind}") else proof.place
    kind, _, rest = proof.place.partition(".")
    own = f"place.{kind}_{rest}" if rest else f"place.{kind}"
    if t.has(own):
        return t(own)
    return ", ".join(part for part in (t(f"place.{kind}") if t.has(f"place.{kind}") else kind, rest) if part)


def _in_words(proof: Proof, t: Texts) -> str:
    """A field's value in words where it is one of the Hub's or ours, else as it stands."""
    place, quote = proof.place, proof.quote
    if proof.probe == "known_bases" and t.has(f"base_known.{proof.outcome}"):
        return t(f"base_known.{proof.outcome}")
    key = {"gated": f"gated.{'no' if quote == 'false' else quote}", "disabled": "yes.yes"}.get(place, f"value.{quote}")
    if (place in ("gated", "disabled") or place.startswith("base:")) and t.has(key):
        return t(key)
    return t.number(int(quote)) if place in ("safetensors", "gguf") and quote.isdecimal() else quote


def link(model: Model, proof: Proof) -> str:
    """Where a piece of evidence stands on the Hub, at the revision that was read; '' where it has no page for it."""
    if model.url is None:
        return ""
    place = proof.place.partition("#")[0]
    if place.startswith("base:"):
        return render.safe_link("https://huggingface.co/" + place[5:])
    if place.startswith("dataset:"):
        return render.safe_link("https://huggingface.co/datasets/" + place[8:])
    revision = proof.sha or "main"
    if revision.startswith(STAND_IN):
        return ""
    if place in ("siblings", "config.architectures"):
        return render.safe_link(f"{model.url}/tree/{revision}")
    if "/" not in place and ("." in place and place.split(".")[-1] in ("md", "txt", "json")
                             or place.upper().startswith("LICENSE")):  # fmt: skip
        return render.safe_link(f"{model.url}/blob/{revision}/{place}")
    return render.safe_link(model.url)

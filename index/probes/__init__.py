"""The one registry of probes: what is asked of a listing row and of a card, and how they are run.

A probe is a generator, pure, registered with `@probe(question, *dimensions, needs=...)`: the question is published, and
the function's name is its published name. It reports what it saw (`Evidence`) and never judges.
Modules of probes import this one; this one loads them by name, on first use, so nothing imports in a circle.

    @probe("Is there a preprint of the makers about this model?", Dimension.PREPRINT, needs="card")
    def own_preprint(repo: Repo, card: Card) -> Iterator[Evidence]: ...

    @probe("Which files in the repository are weights?", Dimension.END_WEIGHTS, needs="listing")
    def weight_files(repo: Repo) -> Iterator[Evidence]: ...

Does no I/O and knows no rule.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from index.model import Evidence, Outcome

if TYPE_CHECKING:
    from crawler.cards import Card
    from crawler.records import Repo

Needs = Literal["card", "listing"]
Run = Callable[..., Iterator[Evidence]]
F = TypeVar("F", bound=Run)

#: Where the probes live. A new module of probes is named here, once.
_LISTING_MODULES = ("index.probes.listing", "index.probes.pretraining")
_CARD_MODULES = (
    "index.probes.cards",
    "index.probes.card_terms",
    "index.probes.card_use",
    "index.probes.card_data",
    "index.probes.card_training",
    "index.probes.card_links",
    "index.probes.pretraining",
    "index.probes.card_hidden",
)


class Probe(NamedTuple):
    """One registered question. `run` takes (repo, card) when it needs a card, (repo,) when it needs the listing."""

    name: str
    dimensions: tuple[str, ...]  # Dimension, or 'claim'
    question: str
    needs: Needs
    run: Run


_registered: dict[str, Probe] = {}


def probe(question: str, *dimensions: str, needs: Needs) -> Callable[[F], F]:
    """Register a probe that answers this question on these dimensions; its name must be new."""

    def register(run: F) -> F:
        name = run.__name__
        if not question.endswith("?") or not dimensions:
            raise TypeError(f"probe {name} needs a question and a dimension")
        if name in _registered and _registered[name].run.__module__ != run.__module__:
            raise TypeError(f"two probes are named {name}")
        _registered[name] = Probe(name, tuple(map(str, dimensions)), question, needs, run)
        return run

    return register


@cache
def _load(modules: tuple[str, ...], needs: Needs) -> tuple[Probe, ...]:
    for module in modules:
        importlib.import_module(module)
    wanted = (p for p in _registered.values() if p.needs == needs and p.run.__module__ in modules)
    return tuple(sorted(wanted, key=lambda p: modules.index(p.run.__module__)))  # whichever module came first


def listing_probes() -> tuple[Probe, ...]:
    """All probes that read the listing row, in the order of their definition."""
    return _load(_LISTING_MODULES, "listing")


def card_probes() -> tuple[Probe, ...]:
    """All probes that read the card, in the order of their definition."""
    return _load(_CARD_MODULES, "card")


def all_probes() -> Mapping[str, Probe]:
    """Every probe by its name, listing probes first."""
    return MappingProxyType({p.name: p for p in (*listing_probes(), *card_probes())})


def __getattr__(name: str) -> Mapping[str, Probe]:
    """`PROBES`: the same as `all_probes()`, loaded when first read."""
    if name == "PROBES":
        return all_probes()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def run_listing_probes(repo: Repo) -> list[Evidence]:
    """What all listing probes saw. A probe that raises becomes one evidence with outcome 'error' and the reason."""
    return _run(listing_probes(), (repo,), "listing")


def run_card_probes(repo: Repo, card: Card) -> list[Evidence]:
    """What all card probes saw. A probe that raises becomes one evidence with outcome 'error' and the reason."""
    return _run(card_probes(), (repo, card), "README.md")


def _run(probes: Iterable[Probe], arguments: tuple[object, ...], place: str) -> list[Evidence]:
    found: list[Evidence] = []
    for one in probes:
        before = len(found)
        try:
            found.extend(one.run(*arguments))
        except Exception as e:  # one repo's odd card must not end the night; the reason is kept as a row
            del found[before:]
            reason = f"{type(e).__name__}: {e}"[:200]
            found.extend(Evidence(d, one.name, Outcome.ERROR, "", place, reason) for d in one.dimensions)
    return found

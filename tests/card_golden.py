"""How golden cards are compared: tests/cards/NAME.md as it is read, with NAME.json as it should be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crawler.cards import parse
from crawler.records import Base, Repo
from index.model import Outcome
from index.probes import run_card_probes

CARDS = Path(__file__).parent / "cards"


def repo(repo_id: str, bases: list[str] | tuple[str, ...] = ()) -> Repo:
    return Repo(oid="0", repo_id=repo_id, fingerprint=b"", bases=tuple(Base("", b, "card") for b in bases))


def seen_in(path: Path, of: dict[str, Any]) -> dict[str, Any]:
    """Everything that is read from a card and everything stated in it; 'not stated' is left out."""
    card = parse(path.read_bytes())
    found = run_card_probes(repo(of["repo_id"], of["bases"]), card)
    return {
        "repo": of,
        "front_matter": card.front_matter,
        "front_matter_error": card.front_matter_error,
        "sections": [[s.level, s.title] for s in card.sections],
        "links": [[link.url, link.text] for link in card.links],
        "words": card.words,
        "generator": card.generator,
        "evidence": [
            [str(e.dimension), e.probe, str(e.outcome), e.value, e.quote]
            for e in found
            if e.outcome != Outcome.NOT_STATED
        ],
    }

"""Cards that many repos share: asked once where nobody asks whose they are, and never mixed up where somebody does."""

from __future__ import annotations

from crawler.cards import parse
from index.model import Outcome
from index.own_license import Text, read_card
from index.probes import run_card_probes
from index.probes.alike import MAX_BYTES, evidence_of
from tests.card_golden import CARDS, repo

REPOS = (
    repo("meadow/Heron-7B"),
    repo("elsewhere/Heron-7B-Instruct", ["meadow/Heron-7B"]),
    repo("nobody/kite", ["meta-llama/Llama-2-7b"]),
    repo("tarn-lab/pebble-3b"),
    repo("gpt2"),
)
PLAIN = "---\nlicense: mit\n---\n# A model\n\nText classification for short texts, in English only.\n"
CLAIMING = "# Heron\n\nHeron-7B is a fully open model. The code is at https://github.com/meadow/heron.\n"


def test_every_repo_gets_the_evidence_that_it_would_get_alone_whoever_had_the_card_before() -> None:
    cards = [*(path.read_text("utf-8") for path in sorted(CARDS.glob("*.md"))), PLAIN, CLAIMING]
    assert any(len(text) < MAX_BYTES for text in cards[:-2])
    for text in cards:
        for of in (*REPOS, *reversed(REPOS)):
            assert list(evidence_of(of, parse(text.encode()))) == run_card_probes(of, parse(text.encode())), of.repo_id


def test_a_card_without_anything_that_could_be_somebodys_is_asked_once() -> None:
    first = evidence_of(REPOS[0], parse(PLAIN.encode()))
    assert evidence_of(REPOS[2], parse(PLAIN.encode())) is evidence_of(REPOS[1], parse(PLAIN.encode()))
    assert list(first) == list(evidence_of(REPOS[2], parse(PLAIN.encode())))


def test_a_link_to_code_is_its_makers_own_only() -> None:
    def own(number: int) -> bool:
        found = evidence_of(REPOS[number], parse(CLAIMING.encode()))
        return any(e.probe == "own_repository" and e.outcome == Outcome.YES for e in found)

    assert [own(0), own(3), own(0), own(3)] == [True, False, True, False]


def test_the_same_readme_is_parsed_once_and_another_is_not_it() -> None:
    one, again = (read_card([Text("README.md", "ok", PLAIN.encode())])[0] for _ in range(2))
    other = read_card([Text("README.md", "ok", PLAIN.encode() + b"More.\n")])[0]
    assert one is again
    assert other is not None
    assert other.text.endswith("More.\n")

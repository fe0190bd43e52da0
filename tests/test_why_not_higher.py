"""What holds a model down is said in the words that do: cards and rows judged and published, and read as anybody does."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from index import cli, explain, queries, rows
from index.site import render
from tests import replaying

APACHE = (Path(__file__).parents[1] / "LICENSE").read_text(encoding="utf-8")
OPEN = "The model is released under the Apache 2.0 license."
ADDED = "\nYou may not use the model for any commercial purpose.\n"
#: repository -> (the card below its front matter, what else is special about its row)
MODELS: dict[str, tuple[str, dict[str, object]]] = {
    "meadow/heron-limit": (f"{OPEN}\n\nIt is for non-commercial use only.", {}),
    "meadow/heron-named": (f"{OPEN}\n\nThe weights are released under the CC-BY-NC-4.0 license.", {}),
    "meadow/heron-section": ("## License\n\nApache 2.0, and a separate license for commercial use is needed.", {}),
    "meadow/heron-hidden": (f"{OPEN}\n\nNon\u200b-commercial use only.", {}),
    "meadow/heron-base": (f"{OPEN}\n\nThis model was fine-tuned from Llama 2 7B and Vicuna.", {}),
    "meadow/heron-hidden-base": (f"{OPEN}\n\nThis model was fine-tuned from Lla\u200bma 2 7B.", {}),
    "meadow/Heron-Llama-3-8B": (OPEN, {}),
    "meadow/heron-kind": (OPEN, {"config": {"model_type": "gemma2"}}),
    "meadow/heron-both": (f"{OPEN}\n\nFine-tuned from Llama 2 7B. For non-commercial use only.", {}),
    "meadow/heron-lost": (OPEN, {"base_model": "nobody/nothing"}),
    "meadow/heron-silent": ("The weights are released under the CC-BY-NC-4.0 license.", {"license": None}),
    "meadow/heron-said": ("It is for non-commercial use only.", {"license": None}),
    "meadow/heron-file": (OPEN, {"file": ADDED}),
    "meadow/heron-open": (OPEN, {}),
}  # fmt: skip


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, rows.Page]:
    """Every model's page after a night over a replayed Hub."""
    data = tmp_path_factory.mktemp("why")
    listed, documents = [], []
    for n, (repo_id, (card, special)) in enumerate(MODELS.items()):
        said = {"license": "apache-2.0", **{k: v for k, v in special.items() if k in ("license", "base_model")}}
        said = {k: v for k, v in said.items() if v}
        tags = [f"{k}:{v}" for k, v in said.items()]
        files = [{"rfilename": name} for name in ("README.md", "model.safetensors", *["LICENSE"] * ("file" in special))]
        more = {"config": special.get("config", {"model_type": "mpt"}), "author": "meadow", "cardData": said}
        listed.append(replaying.row(n, repo_id, tags=tags, siblings=files, disabled=False, **more))
        front = "".join(f"{k}: {v}\n" for k, v in said.items())
        documents.append(replaying.document(repo_id, f"---\n{front}---\n# Heron\n\n{card}\n"))
        if "file" in special:
            documents.append(replaying.document(repo_id, f"{APACHE}{special['file']}", "LICENSE"))
    with replaying.replay(data / "hub", listed, documents) as hub:
        ran = CliRunner(env={"COLUMNS": "120", "HF_TOKEN": ""}).invoke(
            cli.main, ["nightly", "--hub", hub.url, "--data", str(data), "--date", "2026-08-01"]
        )
        assert ran.exit_code == 0, ran.output
    db = queries.open_index(data / "index.db")
    found = {repo_id: queries.get_page(db, repo_id) for repo_id in MODELS}
    db.close()
    return {repo_id: page for repo_id, page in found.items() if page is not None}


def whys(pages: dict[str, rows.Page], name: str) -> list[str]:
    return [h.why for h in explain.hindrances(pages[f"meadow/{name}"])]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("heron-limit", "non-commercial use only"),
        ("heron-named", "CC-BY-NC-4.0"),
        ("heron-section", "for commercial use is needed"),
        ("heron-hidden", "Non\u200b-commercial use only"),
        ("heron-file", "commercial purpose"),
    ],
)
def test_the_words_that_are_quoted_against_a_tag_are_those_against_it(
    pages: dict[str, rows.Page], name: str, words: str
) -> None:
    (why,) = whys(pages, name)
    assert why.startswith("The tag says apache-2.0; words of the card or of a file beside it say otherwise: ")
    assert words in why
    assert "Apache 2.0 license" not in why


@pytest.mark.parametrize(
    ("name", "family", "words"),
    [
        ("heron-base", "The card speaks of a base that is not declared, Llama 2 under llama2: ", "Llama 2 7B and Vicuna"),
        ("heron-hidden-base", "The card speaks of a base that is not declared, Llama 2 under llama2: ", "Lla\u200bma 2 7B"),
        ("Heron-Llama-3-8B", "Its name speaks of a base that is not declared, llama: ", "Llama-3"),
        ("heron-kind", "The kind of its configuration speaks of a base that is not declared, gemma: ", "gemma2"),
    ],
)  # fmt: skip
def test_a_base_that_nobody_declared_is_named_with_the_words_that_speak_of_it(
    pages: dict[str, rows.Page], name: str, family: str, words: str
) -> None:
    page = pages[f"meadow/{name}"]
    assert (page.model.level, page.model.restriction) == ("L2", "unknown-base")
    said = explain.hindrances(page)[0]
    assert said.why.startswith(family)
    assert words in said.why
    assert "`base_model`" in said.remedy


def test_a_base_and_words_against_the_tag_are_both_told(pages: dict[str, rows.Page]) -> None:
    against, base, *_ = whys(pages, "heron-both")
    assert "non-commercial" in against
    assert base.startswith("The card speaks of a base that is not declared, Llama 2 under llama2: ")


def test_a_declared_base_that_is_not_known_is_still_called_so(pages: dict[str, rows.Page]) -> None:
    assert whys(pages, "heron-lost") == ["Its base model nobody/nothing is not known or not judged."]


@pytest.mark.parametrize(("name", "words"), [("heron-silent", "CC-BY-NC-4.0"), ("heron-said", "non-commercial use")])
def test_without_a_declared_licence_the_sentence_that_restricts_is_quoted(
    pages: dict[str, rows.Page], name: str, words: str
) -> None:
    (why, *_) = whys(pages, name)
    assert why.startswith("No licence is declared, and words of the card or of a file restrict its use: ")
    assert words in why


def test_an_open_model_is_told_of_no_words_against_it(pages: dict[str, rows.Page]) -> None:
    assert pages["meadow/heron-open"].model.level == "L3"
    assert [w for w in whys(pages, "heron-open") if "otherwise" in w or "not declared" in w] == []


def test_hidden_words_say_which_question_they_answer(pages: dict[str, rows.Page]) -> None:
    found = {
        name: [(p.dimension, p.value) for c in pages[f"meadow/{name}"].cells for p in c.evidence
               if p.probe == "hidden_terms" and p.outcome == "yes"]
        for name in ("heron-hidden", "heron-hidden-base", "heron-base")
    }  # fmt: skip
    assert found["heron-base"] == []
    assert found["heron-hidden-base"] == [("base_weights", "stated_base_terms: Llama 2: llama2")]
    ((dimension, value),) = found["heron-hidden"]
    assert dimension == "license"
    assert value.startswith("use_restriction: ")
    assert "Non-commercial use only" in value


def test_every_such_sentence_is_said_in_french_with_the_quoted_words_untouched(pages: dict[str, rows.Page]) -> None:
    french = render.texts("fr").phrase
    for page in pages.values():
        for said in explain.hindrances(page):
            assert french.translated(said.why), said.why
            assert french.translated(said.remedy), said.remedy
            quote = said.why.partition('"')[2].rpartition('"')[0]
            assert quote in french(said.why)
    assert "Llama 2 7B and Vicuna" in french(whys(pages, "heron-base")[0])

"""Every quote can be found again, and what cannot is said to be moved, gone or not checkable."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from crawler.errors import UsageError
from index import cli, cli_review, verify
from index.verify import State
from tests.test_judge import Night, model

CARD = """---
license: apache-2.0
extra_gated_prompt: Please.
---
# Größe 🤗

Our model is open source, \u202eweights and all.

## Training data

It was trained on [The Pile](https://huggingface.co/datasets/EleutherAI/pile), 825 GiB of English text.
"""
LICENSE = "Creative Commons Attribution-NonCommercial 4.0 International\n\nThis work is for non-commercial use only."
FILES = {"siblings": [{"rfilename": n} for n in ("model.safetensors", "README.md", "LICENSE")], "gated": False}


def verify_model(data: Path, name: str) -> verify.Verified:
    """All evidence of one model of a data directory."""
    with closing(verify.Source(data / "hub.db", data / "documents.db")) as source:
        return verify.verify_named(source, name)


@pytest.fixture
def night(tmp_path: Path) -> Night:
    made = Night(tmp_path)
    made.crawl(
        [model(1, "maker/base", "llama3", **FILES), model(2, "user/tuned", "apache-2.0", "maker/base", **FILES)],
        {"maker/base": {"README.md": CARD, "LICENSE": LICENSE}, "user/tuned": {"README.md": CARD}},
    )
    made.judge()
    return made


def states(found: verify.Verified, place: str) -> set[State]:
    """States of the quotes in one document or field."""
    return {c.state for c in found.checked if c.place.partition("#")[0] == place and c.quote}


def reread(night: Night, name: str, path: str, text: str) -> None:
    """The document is fetched anew and says something else; nobody has judged it yet."""
    night.crawl([], {name: {path: text}})


def test_every_piece_of_evidence_of_the_whole_sample_is_found_again(tmp_path):
    result = CliRunner().invoke(cli.main, ["nightly", "--hub", "sample", "--data", str(tmp_path)])
    assert result.exit_code == 0, result.output
    with closing(verify.Source(tmp_path / "hub.db", tmp_path / "documents.db")) as source:
        results = list(source.verify_all())
    assert len(results) > 200
    lost = [(v.id, c) for v in results for c in v.checked if c.state is not State.FOUND]
    assert lost == []
    seen = {c.place.partition("#")[0].partition(":")[0] for v in results for c in v.checked}
    assert {"README.md", "LICENSE", "tags", "siblings", "gated", "cardData.license_name", "config.architectures",
            "base"} <= seen  # fmt: skip


def test_what_the_lineage_and_the_licence_texts_say_is_checked_as_well(night):
    with closing(verify.Source(night.hub, night.papers)) as source:
        results = [c for v in source.verify_all() for c in v.checked]
    assert {"effective_license", "known_bases", "license_text", "license_conflict"} <= {c.probe for c in results}
    assert {c.state for c in results} == {State.FOUND}


def test_quotes_stand_at_character_offsets_behind_letters_of_several_bytes(night):
    found = verify_model(night.hub.parent, "maker/base")
    assert found.ok
    assert states(found, "README.md") == states(found, "LICENSE") == {State.FOUND}
    claim = next(c for c in found.checked if c.probe == "claims")
    start, end = map(int, claim.place.partition("#")[2].split("-"))
    assert CARD[start:end] == claim.quote
    assert "open source" in claim.quote


def test_words_that_stand_elsewhere_are_moved_and_the_new_place_is_told(night):
    reread(night, "maker/base", "README.md", CARD.replace("# Größe", "A new sentence.\n\n# Größe"))
    found = verify_model(night.hub.parent, "maker/base")
    moved = [c for c in found.checked if c.state is State.MOVED]
    assert moved
    claim = next(c for c in moved if c.probe == "claims")
    assert claim.note != claim.place
    assert claim.note.startswith("README.md#")
    assert found.ok, "moved is not gone"


def test_words_that_a_new_card_does_not_say_are_gone_and_the_exit_status_tells(night):
    reread(night, "maker/base", "README.md", "# Another card\n\nNothing.")
    found = verify_model(night.hub.parent, "maker/base")
    assert State.GONE in states(found, "README.md")
    assert not found.ok
    assert states(found, "LICENSE") == states(found, "siblings") == {State.FOUND}
    assert run("maker/base", data=night).exit_code == 1
    assert run("user/tuned", data=night).exit_code == 0


def test_an_absence_that_is_none_any_more_is_gone(night):
    before = verify_model(night.hub.parent, "user/tuned")
    absent = next(c for c in before.checked if c.probe == "hardware_stated" and not c.quote)
    assert absent.state is State.FOUND
    reread(night, "user/tuned", "README.md", CARD + "\n## Hardware\n\nTrained on 64 A100 80 GB for two weeks.\n")
    after = verify_model(night.hub.parent, "user/tuned")
    now = next(c for c in after.checked if c.probe == "hardware_stated")
    assert (now.state, now.note) == (State.GONE, "hardware_stated sees something else today")
    sql(night, "UPDATE verdicts SET rules_version = 'of another year'")
    other = verify_model(night.hub.parent, "user/tuned")
    assert next(c for c in other.checked if c.probe == "hardware_stated").state is State.NOT_CHECKABLE


def test_metadata_that_says_something_else_today_is_gone(night):
    night.crawl([model(1, "maker/base", "mit", siblings=[{"rfilename": "other.bin"}], gated="manual")])
    found = verify_model(night.hub.parent, "maker/base")
    for field in ("tags", "siblings", "gated"):
        assert State.GONE in states(found, field), field


def test_a_base_that_is_not_declared_any_more_is_gone(night):
    place = "base:maker/base"
    assert states(verify_model(night.hub.parent, "user/tuned"), place) == {State.FOUND}
    sql(night, "DELETE FROM lineage")
    found = verify_model(night.hub.parent, "user/tuned")
    assert states(found, place) == {State.GONE}


def test_a_base_that_only_the_readme_declares_is_said_to_stand_there_and_is_found(night):
    own = CARD.replace("license:", "base_model: maker/base\nlicense:", 1)
    night.crawl([model(3, "user/readme", "apache-2.0", **FILES)], {"user/readme": {"README.md": own}})
    night.judge()
    found = verify_model(night.hub.parent, "user/readme")
    declared = [c for c in found.checked if c.probe == "declared_bases"]
    assert [(c.quote, c.place, c.state) for c in declared] == [("maker/base", "README.md", State.FOUND)]
    assert found.ok


def test_a_model_on_a_copy_of_a_known_family_is_found_as_it_was_judged(night):
    copy, bare = "NousResearch/Llama-2-7b-hf", FILES | {"siblings": [{"rfilename": "model.safetensors"}]}
    night.crawl([model(4, copy, **bare | {"tags": ["transformers"]}),
                 model(5, "user/tune", **bare | {"tags": [f"base_model:finetune:{copy}"]})])  # fmt: skip
    night.judge()
    found = verify_model(night.hub.parent, "user/tune")
    assert [c.quote for c in found.checked if c.probe == "effective_license"] == [
        ""
    ]  # nothing to look for: asked again
    assert found.ok


def test_without_the_archive_quotes_are_not_checkable_and_nothing_is_called_gone(night):
    night.papers.unlink()
    found = verify_model(night.hub.parent, "maker/base")
    assert states(found, "README.md") == {State.NOT_CHECKABLE}
    assert states(found, "tags") == {State.FOUND}
    assert found.ok


def test_a_card_that_left_the_repository_takes_its_quotes_with_it(night):
    sql(night, "UPDATE fetches SET outcome = 'missing', hash = NULL WHERE path = 'README.md'")
    assert states(verify_model(night.hub.parent, "maker/base"), "README.md") == {State.GONE}


def test_a_model_answers_to_any_case_and_to_the_name_it_had(night):
    sql(night, "INSERT INTO names VALUES (1, 'maker/first-name', '2026-10-01', '2026-10-30')")
    for name in ("Maker/BASE", "maker/first-name"):
        assert verify_model(night.hub.parent, name).id == "maker/base"
    with pytest.raises(verify.NotJudged, match="no model nobody/nothing"):
        verify_model(night.hub.parent, "nobody/nothing")


def test_evidence_that_anybody_edited_is_found_out(night):
    ((dossier, evidence),) = rows(
        night, "SELECT d.dossier, d.evidence FROM dossiers d JOIN verdicts USING (dossier) WHERE repo = 1"
    )
    forged = json.loads(evidence)
    for e in forged:
        if e[1] == "claims":
            e[3] = e[3].replace("open", "OPEN")
    sql(night, "UPDATE dossiers SET evidence = ? WHERE dossier = ?", json.dumps(forged), dossier)
    found = verify_model(night.hub.parent, "maker/base")
    assert [c.probe for c in found.checked if c.state is State.GONE] == ["claims"]


def test_the_command_takes_a_list_and_answers_in_json(night, tmp_path):
    names = tmp_path / "ids.txt"
    names.write_text("maker/base\nhttps://huggingface.co/user/tuned\n")
    said = json.loads(run("--all-of", str(names), "--json", data=night).output)
    assert [m["id"] for m in said["models"]] == ["maker/base", "user/tuned"]
    assert said["counts"]["gone"] == 0
    assert said["counts"]["found"] == sum(len(m["checked"]) for m in said["models"])
    found = said["found"]
    assert sum(found.values()) == said["counts"]["found"]
    assert min(found["quotes"], found["absences"]) > 0
    told = run("maker/base", "user/tuned", data=night).output
    assert f"{found['quotes']} quotes found again, {found['absences']} absences confirmed" in told
    result = run("nobody/nothing", "maker/base", data=night)
    assert result.exit_code == 1
    assert "nobody/nothing is not known" in result.output


def test_nothing_to_verify_is_a_usage_error(night, tmp_path):
    with pytest.raises(UsageError):
        verify_model(tmp_path / "empty", "a/b")
    assert run(data=night).exit_code == 2


# ------------------------------------------------------------------------------------------------------ helpers


def run(*arguments: str, data: Night):
    group = cli.Group("openness", commands={"verify": cli_review.verify_command})
    return CliRunner().invoke(group, ["verify", *arguments, "--data", str(data.hub.parent)])


def sql(night: Night, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(night.hub)) as conn:
        conn.execute(statement, values)
        conn.commit()


def rows(night: Night, query: str) -> list[tuple]:
    with closing(sqlite3.connect(night.hub)) as conn:
        return conn.execute(query).fetchall()

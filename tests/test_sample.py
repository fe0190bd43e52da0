"""The bundled sample is a well-formed recording of real repositories, and its cards are our own words."""

import hashlib
import json
import lzma
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from crawler.cards import parse
from crawler.recording import GONE, Recording
from crawler.records import Listed, Reject, Repo, decode_page, expand
from index.claims import claims
from index.probes import run_card_probes
from index.probes.card_whose import tokens

SAMPLE = Path(__file__).parents[1] / "crawler" / "sample"
FIELDS = {
    "_id", "_night", "_gone", "id", "author", "createdAt", "lastModified", "sha", "private", "disabled", "gated",
    "pipeline_tag", "library_name", "downloads", "downloadsAllTime", "likes", "tags", "cardData", "baseModels",
    "config", "transformersInfo", "safetensors", "gguf", "siblings",
}  # fmt: skip
WRITTEN_BY_OTHERS = {"widget", "model-index", "inference", "thumbnail", "description", "chat_template"}
NAMED = """
    meta-llama/Llama-2-7b-hf meta-llama/Llama-2-7b-chat-hf meta-llama/Llama-2-70b-hf meta-llama/Meta-Llama-3-8B
    meta-llama/Meta-Llama-3-8B-Instruct meta-llama/Meta-Llama-3-70B meta-llama/Llama-3.1-8B
    meta-llama/Llama-3.1-8B-Instruct meta-llama/Llama-3.2-1B meta-llama/Llama-Prompt-Guard-2-86M allenai/OLMo-7B
    EleutherAI/pythia-70m EleutherAI/pythia-12b bigscience/bloom mistralai/Mistral-7B-v0.1
    mistralai/Mixtral-8x7B-v0.1 google/gemma-7b google/gemma-2-9b-it google/gemma-3-1b-it google/gemma-4-31B-it
    Qwen/Qwen1.5-7B-Chat Qwen/Qwen2-7B-Instruct Qwen/Qwen2.5-0.5B-Instruct Qwen/Qwen3-8B
    deepseek-ai/deepseek-llm-7b-base deepseek-ai/DeepSeek-V2 deepseek-ai/DeepSeek-R1 tiiuae/falcon-7b
    tiiuae/falcon-180B CompVis/stable-diffusion-v1-4 stabilityai/stable-diffusion-xl-base-1.0
    stabilityai/stable-diffusion-3-medium stabilityai/stable-diffusion-3.5-large black-forest-labs/FLUX.1-dev
    black-forest-labs/FLUX.1-schnell microsoft/phi-2 bigcode/starcoder2-15b openai-community/gpt2
    google-bert/bert-base-uncased openai/clip-vit-base-patch32 openai/whisper-large-v3
    sentence-transformers/all-MiniLM-L6-v2 BAAI/bge-m3 intfloat/multilingual-e5-small hexgrad/Kokoro-82M
    HuggingFaceTB/SmolLM3-3B LLM360/K2 LLM360/Amber LLM360/CrystalCoder mosaicml/mpt-7b EleutherAI/gpt-j-6b
    EleutherAI/gpt-neox-20b google-t5/t5-small databricks/dolly-v2-12b openlm-research/open_llama_7b
    HuggingFaceH4/zephyr-7b-beta taide/TAIDE-LX-7B-Chat KBLab/wav2vec2-large-voxrex-swedish
    croissantllm/CroissantLLMBase almanach/camembert-base deepset/gbert-base
"""
FAMILIES = NAMED.split()
WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".gguf", ".onnx", ".h5", ".msgpack", ".ckpt")


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SAMPLE / name).read_text("utf-8").splitlines()]


LINES = _lines("models.jsonl")
DOCUMENTS = _lines("documents.jsonl")
FIRST = {line["_id"]: line for line in reversed(LINES)}  # the first line of each repo
IDS = {line["id"] for line in LINES if "id" in line}


def _on(night: str) -> dict[str, Repo]:
    """All repos of a night by id, as the crawler would read them."""
    recording = Recording.open(SAMPLE)
    view = recording.at(night)
    rows = [view.text(row) for row in range(len(recording)) if not view.masks[row] & GONE]
    listed = [row for row in decode_page(b"[" + b",".join(rows) + b"]") if isinstance(row, Listed)]
    repos = [expand(row) for row in listed]
    assert len(rows) == len(listed) == len(view)
    assert not [repo for repo in repos if isinstance(repo, Reject)]
    return {repo.repo_id: repo for repo in repos if isinstance(repo, Repo)}


NIGHTS = Recording.open(SAMPLE).nights
STATES = {night: _on(night) for night in NIGHTS}
LAST = STATES[NIGHTS[-1]]


def _text(repo_id: str) -> str:
    return next(d["text"] for d in DOCUMENTS if d["id"] == repo_id and d["path"] == "README.md" and "_night" not in d)


def test_it_holds_150_to_300_repositories_over_at_least_ten_nights_in_a_row() -> None:
    assert 150 <= len(FIRST) <= 300
    days = [date.fromisoformat(night) for night in NIGHTS]
    longest = run = 1
    for before, after in zip(days, days[1:], strict=False):
        run = run + 1 if after - before == timedelta(days=1) else 1
        longest = max(longest, run)
    assert len(NIGHTS) >= 11
    assert longest >= 10
    assert max(b - a for a, b in zip(days, days[1:], strict=False)) > timedelta(days=700)  # the gap is a gap


def test_it_stays_small_enough_to_read() -> None:
    assert (SAMPLE / "models.jsonl").stat().st_size < 900_000
    assert (SAMPLE / "documents.jsonl").stat().st_size < 500_000


def test_base_rows_are_sorted_by_id_and_night_lines_follow_by_night() -> None:
    nights = [line.get("_night", "") for line in LINES]
    assert nights == sorted(nights)
    base = [line["_id"] for line in LINES if "_night" not in line]
    assert base == sorted(set(base))
    assert Counter((line["_id"], line.get("_night")) for line in LINES).most_common(1)[0][1] == 1


def test_every_id_is_an_object_id_whose_first_bytes_are_the_second_of_creation() -> None:
    for line in FIRST.values():
        assert re.fullmatch(r"[0-9a-f]{24}", line["_id"])
        created = datetime.fromisoformat(line["createdAt"])
        # The legacy import of 2022-03-02 took more than a second; the Hub gives all of it one time.
        legacy = line["createdAt"] == "2022-03-02T23:29:04.000Z"
        second = datetime.fromtimestamp(int(line["_id"][:8], 16), UTC)
        assert abs((second - created).total_seconds()) <= (2 if legacy else 0), line["id"]


def test_a_made_up_id_is_recognisable_and_belongs_to_a_repository_younger_than_the_first_night() -> None:
    made_up = [line for line in FIRST.values() if line["_id"][8:20] == "0" * 12]
    assert made_up
    assert all(line["createdAt"] > "2024-07-11" for line in made_up)
    assert all(line["_id"][8:20] == "0" * 12 for line in FIRST.values() if line["createdAt"] > "2024-07-12")


def test_a_night_line_states_only_what_changed() -> None:
    state: dict[str, dict[str, Any]] = {}
    for line in LINES:
        before = state.setdefault(line["_id"], {})
        changed = {k: v for k, v in line.items() if not k.startswith("_")}
        if line.get("_gone"):
            assert not changed
            continue
        assert changed, line
        if "_night" in line:
            assert not [k for k, v in changed.items() if k in before and before[k] == v], line
            assert not [k for k, v in changed.items() if v is None and k not in before], line
        before.update(changed)
        for k in [k for k, v in before.items() if v is None]:
            del before[k]


def test_nobody_is_observed_before_it_was_created_or_committed_to() -> None:
    for line in LINES:
        night = line.get("_night")
        for field in ("createdAt", "lastModified"):
            assert night is None or line.get(field, "")[:10] <= night, line["_id"]


def test_rows_hold_only_fields_that_the_crawler_asks_for_and_no_text_of_others() -> None:
    for line in LINES:
        assert set(line) <= FIELDS, set(line) - FIELDS
        card = line.get("cardData") or {}
        assert not WRITTEN_BY_OTHERS & set(card)
        assert not [k for k in card if k.startswith("extra_gated")]
        assert not WRITTEN_BY_OTHERS & set(line.get("config") or {})
        assert "xetHash" not in json.dumps(line)


@pytest.mark.parametrize("night", NIGHTS)
def test_every_row_of_a_night_is_read_by_the_crawler_and_tag_and_card_name_the_same_licence(night: str) -> None:
    for repo in STATES[night].values():
        tagged = [tag[8:] for tag in repo.tags or () if tag.startswith("license:")]
        stated = (repo.card_data or {}).get("license")
        assert tagged == ([] if stated is None else stated if isinstance(stated, list) else [stated]), repo.repo_id


def test_every_named_family_is_there() -> None:
    assert not [repo_id for repo_id in FAMILIES if repo_id not in IDS]


def test_missing_counters_are_absent_and_never_zero_filled() -> None:
    counted = {night: sum(r.downloads is not None for r in repos.values()) for night, repos in STATES.items()}
    assert counted[NIGHTS[0]] == len(STATES[NIGHTS[0]])
    assert all(0 < counted[night] < len(STATES[night]) for night in NIGHTS[1:])
    assert LAST["meta-llama/Llama-2-7b-hf"].downloads is None  # nobody recorded it in 2026
    assert LAST["openai-community/gpt2"].downloads == 14_313_440


def test_counters_are_those_of_the_day() -> None:
    gpt2 = [STATES[night]["openai-community/gpt2"].downloads for night in NIGHTS if night > "2026"]
    assert gpt2[0] == 13_313_723
    assert len(set(gpt2)) == 10
    llama = [STATES[night]["meta-llama/Meta-Llama-3-8B-Instruct"].downloads for night in NIGHTS]
    assert llama == [2_603_550, *[None] * 7, 1_977_009, 1_875_084, 1_849_725, 1_782_273]
    taide = STATES["2024-08-01"]["taide/TAIDE-LX-7B-Chat"]
    assert (taide.downloads, taide.downloads_all_time) == (3_495, 26_998)


def test_renames_keep_their_identity_and_the_old_name_still_finds_them() -> None:
    view = Recording.open(SAMPLE).at()
    for old, new in (
        ("THUDM/chatglm3-6b", "zai-org/chatglm3-6b"),
        ("cross-encoder/ms-marco-MiniLM-L-6-v2", "cross-encoder/ms-marco-MiniLM-L6-v2"),
    ):
        assert STATES[NIGHTS[0]][old].oid == LAST[new].oid
        assert old not in LAST
        assert (found := view.find(old)) is not None
        assert found.repo_id == new


def test_repositories_vanish_and_one_comes_back() -> None:
    assert "runwayml/stable-diffusion-v1-5" in STATES["2024-08-01"]
    assert "runwayml/stable-diffusion-v1-5" not in LAST
    gone = "LuffyTheFox/Qwen3.6-35B-A3B-Genesis-BF16-GGUF"
    assert [gone in STATES[night] for night in NIGHTS[-3:]] == [True, False, False]
    back = "lyf/Qwen3.8-27B-Blackfrost-Abliterated-NVFP4-MTP-VL"
    assert [back in STATES[night] for night in NIGHTS[-5:]] == [True, False, False, True, True]


def test_access_closes_and_opens_on_the_nights_it_did() -> None:
    suk, mimir = "nileagi/nileagi-suk-mt", "danish-foundation-models/DFM-Mimir"
    assert [STATES[night][suk].gated for night in NIGHTS[-2:]] == ["no", "auto"]
    assert [STATES[night][mimir].gated for night in NIGHTS[-4:]] == ["auto", "no", "no", "no"]
    assert STATES["2024-08-01"]["black-forest-labs/FLUX.1-schnell"].gated == "no"
    assert LAST["black-forest-labs/FLUX.1-schnell"].gated == "auto"


def test_licences_change_and_the_card_and_the_commit_change_with_them() -> None:
    for repo_id, night, old, new in (
        ("danish-foundation-models/DFM-Mimir", "2026-08-20", "other", "apache-2.0"),
        ("nvidia/NVIDIA-Nemotron-Parse-2.0", "2026-08-22", "other", "openmdw-1.1"),
        ("kimseunguk/qwen3-tts-kss-finetuned", "2026-08-20", "apache-2.0", "cc-by-nc-sa-4.0"),
    ):
        before = STATES[NIGHTS[NIGHTS.index(night) - 1]][repo_id]
        after = STATES[night][repo_id]
        assert (before.license, after.license) == (old, new)
        assert before.sha != after.sha
        assert [d for d in DOCUMENTS if d["id"] == repo_id and d.get("_night") == night]


def test_every_shape_of_licence_statement_appears() -> None:
    assert LAST["Deci/DeciLM-6b"].license == "llama2, other"
    named = LAST["Qwen/Qwen2-72B-Instruct"]
    assert (named.license, named.license_name) == ("other", "tongyi-qianwen")
    assert (named.license_link or "").startswith("https://")
    bare = LAST["QuantFactory/NexusRaven-V2-13B-GGUF"]
    assert (bare.license, bare.license_name, bare.license_link) == ("other", None, None)
    assert LAST["openai/clip-vit-base-patch32"].license is None
    assert LAST["tiiuae/falcon-180B"].license == "unknown"


def test_llama_is_there_gated_mirrored_and_under_a_tag_it_cannot_have() -> None:
    assert LAST["meta-llama/Llama-2-7b-hf"].gated == "manual"
    assert LAST["NousResearch/Llama-2-7b-hf"].gated == "no"
    retagged = LAST["ruslanmv/Medical-Llama3-8B"]
    assert retagged.license == "apache-2.0"
    assert [base.repo_id for base in retagged.bases] == ["meta-llama/Meta-Llama-3-8B"]


def test_adapters_merges_circles_and_missing_parents_appear() -> None:
    merge = LAST["Q-bert/MetaMath-Cybertron-Starling"]
    assert len(merge.bases) == 2
    assert {b.repo_id for b in merge.bases} <= set(LAST)
    assert "adapter_model.bin" in (LAST["tloen/alpaca-lora-7b"].files or ())
    one, two = LAST["SQAI/bge-embedding-model"], LAST["SQAI/bge-embedding-model2"]
    assert (one.bases[0].repo_id, two.bases[0].repo_id) == (two.repo_id, one.repo_id)
    assert LAST["QuantFactory/TextBase-7B-v0.1-GGUF"].bases[0].repo_id not in LAST


def test_repositories_without_weights_without_card_and_disabled_appear() -> None:
    pointer = LAST["qualcomm/Llama-v2-7B-Chat"].files
    assert pointer
    assert not [f for f in pointer if f.endswith(WEIGHTS)]
    assert "README.md" not in (LAST["Qdrant/all-MiniLM-L6-v2-onnx"].files or ("README.md",))
    assert LAST["ykilcher/gpt-4chan"].disabled is True


def test_every_document_belongs_to_a_listed_repository_and_to_a_listed_file() -> None:
    for document in DOCUMENTS:
        assert document["id"] in IDS
        assert document["path"] == "README.md" or re.match("LICENSE", document["path"])
        date.fromisoformat(document["date"])
        files = next(line for line in LINES if line.get("id") == document["id"]).get("siblings")
        assert files is None or {"rfilename": document["path"]} in files, document["id"]
    assert 60 <= sum(d["path"] == "README.md" for d in DOCUMENTS) <= 200


def test_a_repository_with_a_card_of_ours_has_a_stand_in_commit_and_no_other_has() -> None:
    ours = {d["id"] for d in DOCUMENTS if d["path"] == "README.md"}
    oids = {line["_id"] for line in LINES if line.get("id") in ours}
    for line in FIRST.values():
        stand_in = line.get("sha", "").startswith("0" * 24)
        assert stand_in == (line["_id"] in oids), line["id"]


def test_front_matter_says_what_the_listing_says() -> None:
    """Read as the Hub reads it: every scalar a string, so that Norwegian stays `no`."""
    for document in DOCUMENTS:
        if document["path"] != "README.md" or not document["text"].startswith("---\n"):
            continue
        stated = yaml.load(document["text"].split("\n---\n", 1)[0][4:], Loader=yaml.BaseLoader)
        lines = [line for line in LINES if line["_id"] == _oid(document["id"]) and "cardData" in line]
        line = next(one for one in lines if "_night" not in document or one.get("_night") == document["_night"])
        for key in ("license", "license_name", "base_model", "datasets", "language"):
            assert stated.get(key) == line["cardData"].get(key), (document["id"], key)


def _oid(repo_id: str) -> str:
    return next(line["_id"] for line in LINES if line.get("id") == repo_id)


def test_cards_are_parsed_and_those_of_open_projects_link_code_data_and_papers() -> None:
    for repo_id in ("allenai/OLMo-7B", "EleutherAI/pythia-1b", "LLM360/K2"):
        text = _text(repo_id)
        assert "https://github.com/" in text
        assert "https://huggingface.co/datasets/" in text
        assert "arxiv.org/abs/" in text
        titles = " ".join(section.title.lower() for section in parse(text.encode()).sections)
        assert "training data" in titles
        assert "evaluation" in titles
        assert "limitations" in titles
    assert "@inproceedings" in _text("allenai/OLMo-7B")
    assert "not disclose" in _text("mistralai/Mistral-7B-v0.1")
    assert "open source" in _text("epfl-llm/meditron-7b")  # Llama's licence, so it is not


CLOSING = "This text was written for openness' bundled sample; it is not the model's own card."


def test_every_card_says_in_its_last_line_that_it_is_not_the_models_own() -> None:
    cards = [d for d in DOCUMENTS if d["path"] == "README.md"]
    assert len(cards) > 100
    assert [d["id"] for d in cards if d["text"].splitlines()[-1] != CLOSING] == []


def test_the_closing_line_is_no_evidence_and_no_claim() -> None:
    """Whatever the probes see in a card, they see without the closing line too; only the count of words differs."""
    for document in DOCUMENTS:
        if document["path"] != "README.md" or document["id"] not in LAST:
            continue
        whole, _, closing = document["text"].rpartition("\n## About this text\n")
        assert closing.strip() == CLOSING, document["id"]
        seen = [
            [e for e in run_card_probes(LAST[document["id"]], parse(text.encode())) if e.probe != "card_length"]
            for text in (document["text"], whole)
        ]
        assert seen[0] == seen[1], document["id"]


def test_only_cards_whose_real_card_claims_it_too_call_their_model_open() -> None:
    """Compared with the recorded cards and, for those not recorded, with what is public knowledge (see README.md)."""
    claimed = {
        d["id"] for d in DOCUMENTS if d["path"] == "README.md" and claims(parse(d["text"].encode()), tokens(d["id"]))
    }
    assert claimed == {
        "01-ai/Yi-34B", "HuggingFaceTB/SmolLM3-3B", "LLM360/Amber", "LLM360/K2", "THUDM/chatglm3-6b",
        "croissantllm/CroissantLLMBase", "deepseek-ai/deepseek-llm-7b-base", "epfl-llm/meditron-7b",
        "microsoft/phi-2", "openai/gpt-oss-20b", "openlm-research/open_llama_7b", "tiiuae/falcon-40b",
    }  # fmt: skip


def test_a_stand_in_commit_is_made_from_its_card() -> None:
    stand_ins = {line["sha"] for line in LINES if line.get("sha", "").startswith("0" * 24)}
    digests = {hashlib.sha1(d["text"].encode(), usedforsecurity=False).hexdigest() for d in DOCUMENTS}
    assert stand_ins
    assert not stand_ins - {"0" * 24 + digest[:16] for digest in digests}


def test_cards_in_five_other_languages_are_there() -> None:
    assert "Données d'entraînement" in _text("almanach/camembert-base")
    assert "Trainingsdaten" in _text("deepset/gbert-base")
    assert "Datos de entrenamiento" in _text("dccuchile/bert-base-spanish-wwm-cased")
    assert "训练数据" in _text("THUDM/chatglm3-6b")
    assert "\nlanguage: no\n" in _text("ltg/norbert3-base")


def test_licence_texts_of_bespoke_licences_are_not_shipped() -> None:
    texts = {d["text"] for d in DOCUMENTS if d["path"] != "README.md"}
    assert texts
    assert all(t.startswith(("MIT License", "Licensed under the Apache License, Version 2.0")) for t in texts)


def _sentences(text: str) -> set[str]:
    """Sentences, lines and table cells of 60 characters and more; letters and digits only, lower case."""
    marked = re.sub(r"[.!?。！？](?=\s)|[\n|]", "\0", text.lower())
    return {s for s in re.sub(r"[^\w\0]+", " ", marked).split("\0") if len(s) >= 60}


def _body(card: str) -> str:
    """Without front matter: a licence link or a data set's name is a fact and reads the same everywhere."""
    return card.split("\n---\n", 1)[-1]


def test_no_card_holds_a_sentence_of_a_real_card(shared: Path) -> None:
    ours = {s.strip(): d["id"] for d in DOCUMENTS if d["path"] == "README.md" for s in _sentences(_body(d["text"]))}
    assert len(ours) > 300
    copied: dict[str, tuple[str, str]] = {}
    with lzma.open(shared / "cards.jsonl.xz", "rt", encoding="utf-8") as cards:
        for line in cards:
            card = json.loads(line)
            theirs = {s.strip() for s in _sentences(card["text"][:20_000])}
            copied |= {s: (ours[s], card["id"]) for s in theirs & ours.keys() if len(s) >= 60}
    assert not copied


def test_base_facts_agree_with_the_recorded_listing(shared: Path) -> None:
    """A repository older than the first night has the `_id`, the creation date and the tags that were recorded."""
    old = {line["_id"]: line for line in LINES if "_night" not in line}
    seen = 0
    with lzma.open(shared / "hub-small.jsonl.xz", "rt", encoding="utf-8") as rows:
        for text in rows:
            row = json.loads(text)
            line = old.get(row["_id"])
            if line is None:
                continue
            seen += 1
            assert (line["id"], line["createdAt"], line["tags"]) == (row["id"], row["createdAt"], row["tags"])
            if "siblings" in row:
                assert line["siblings"] == [{"rfilename": s["rfilename"]} for s in row["siblings"]]
    assert seen > 120

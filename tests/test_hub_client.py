"""The real huggingface_hub client, unmodified, in its own process, with HF_ENDPOINT at a replay Hub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi

from crawler.recording import Recording
from crawler.replay import ReplayHub
from tests.replaying import document, replay, row

SAMPLE = Path(__file__).parents[1] / "crawler" / "sample"
SCRIPT = """
import json, sys
from huggingface_hub import HfApi, ModelCard, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError

api, token = HfApi(), sys.argv[1] if len(sys.argv) > 1 else False
out = {}

def failure(call):
    try:
        call()
    except Exception as e:
        return [type(e).__name__, str(e), getattr(getattr(e, "response", None), "status_code", None)]
    return None

listed = list(api.list_models(sort="created_at", expand=["downloadsAllTime", "gated", "cardData"], limit=1500))
out["listed"] = len(listed)
out["distinct"] = len({m.id for m in listed})
plain = list(api.list_models(sort="downloads", limit=3))
out["top"] = [[m.id, m.downloads] for m in plain]
out["author"] = [m.id for m in api.list_models(author="meta-llama")]
out["filtered"] = [m.id for m in api.list_models(filter="license:llama3", full=True)]
out["search"] = [m.id for m in api.list_models(search="LLAMA-3")]
out["bad_expand"] = failure(lambda: list(api.list_models(expand=["nonsense"])))
info = api.model_info("meta-llama/Meta-Llama-3-8B")
out["info"] = [info.id, info.gated, info.sha, [s.rfilename for s in info.siblings], info.card_data["license"]]
out["weights"] = info.safetensors.total
out["expanded"] = api.model_info("meta-llama/Meta-Llama-3-8B", expand=["downloadsAllTime"]).downloads_all_time
out["renamed"] = api.model_info("old-name/model").id
card = ModelCard.load("allenai/OLMo-7B")
out["card"] = [card.data.license, card.text.strip()]
path = hf_hub_download("allenai/OLMo-7B", "README.md")
out["downloaded"] = open(path, encoding="utf-8").read()
out["again"] = hf_hub_download("allenai/OLMo-7B", "README.md") == path
out["gated_card"] = ModelCard.load("meta-llama/Meta-Llama-3-8B").data.license
out["gated_file"] = failure(lambda: hf_hub_download("meta-llama/Meta-Llama-3-8B", "LICENSE", token=token))
out["absent_file"] = failure(lambda: hf_hub_download("allenai/OLMo-7B", "NOTICE"))
out["missing_repo"] = failure(lambda: api.model_info("nobody/nothing", token=token))
out["bad_revision"] = failure(lambda: hf_hub_download("allenai/OLMo-7B", "README.md", revision="v9"))
out["tree"] = sorted((e.path, getattr(e, "size", None)) for e in api.list_repo_tree("allenai/OLMo-7B", recursive=True))
out["paths"] = [[p.path, p.blob_id] for p in api.get_paths_info("allenai/OLMo-7B", ["README.md", "absent"])]
out["branches"] = [b.target_commit for b in api.list_repo_refs("allenai/OLMo-7B").branches]
out["exists"] = [api.repo_exists("allenai/OLMo-7B"), api.file_exists("allenai/OLMo-7B", "README.md")]
out["dataset"] = api.dataset_info("allenai/dolma").id
out["whoami"] = api.whoami(token=token)["name"] if token else None
print(json.dumps(out))
"""

CARD = "---\nlicense: apache-2.0\n---\n# A card written for this test\n\nKøbenhavn \U0001f30d\n"


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the client saw, anonymously and with a token, and what the server counted."""
    folder = tmp_path_factory.mktemp("client")
    llama = row(
        5000, "meta-llama/Meta-Llama-3-8B", gated="manual", downloads=999_999, downloadsAllTime=12_345_678, safetensors={"total": 8_030_261_248},
        tags=["transformers", "license:llama3"], cardData={"license": "llama3"},
        siblings=[{"rfilename": "README.md"}, {"rfilename": "LICENSE"}, {"rfilename": "config.json"}],
    )  # fmt: skip
    olmo = row(5001, "allenai/OLMo-7B", siblings=[{"rfilename": "README.md"}, {"rfilename": "data/notes.txt"}])
    rows = [row(n) for n in range(2200)] + [
        llama,
        olmo,
        row(5002, "old-name/model"),
        {"_id": row(5002)["_id"], "id": "new-name/model", "_night": "2026-08-20"},
        {"_type": "dataset", "_id": "f" * 24, "id": "allenai/dolma", "gated": False, "private": False, "tags": [],
         "downloads": 1, "likes": 1, "disabled": False},
    ]  # fmt: skip
    texts = [
        document("allenai/OLMo-7B", CARD),
        document("meta-llama/Meta-Llama-3-8B", "---\nlicense: llama3\n---\n# Llama\n"),
        document("meta-llama/Meta-Llama-3-8B", "terms", "LICENSE"),
    ]
    with replay(folder / "recording", rows, texts) as hub:
        found = {name: _run(hub.url, folder / name, token) for name, token in (("anonymous", ""), ("token", "hf_x"))}
        counted = dict(hub.stats.counted)
    return found | {"counted": counted}


def _run(url: str, home: Path, token: str) -> dict[str, Any]:
    hidden = ("HF_", "HUGGING", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")
    env = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
    env |= {
        "HF_ENDPOINT": url,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    arguments = [sys.executable, "-c", SCRIPT, *([token] if token else [])]
    done = subprocess.run(arguments, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def anonymous(seen: dict[str, Any]) -> dict[str, Any]:
    return seen["anonymous"]


def test_list_models_with_expand_and_a_limit_beyond_one_page_follows_our_links(anonymous: dict[str, Any]) -> None:
    assert anonymous["listed"] == anonymous["distinct"] == 1500


def test_sort_author_filter_and_search_answer_what_the_client_asks(anonymous: dict[str, Any]) -> None:
    llama = "meta-llama/Meta-Llama-3-8B"
    assert anonymous["top"][0] == [llama, 999_999]
    assert anonymous["author"] == anonymous["filtered"] == anonymous["search"] == [llama]


def test_an_unknown_expand_is_a_bad_request_for_the_client(anonymous: dict[str, Any]) -> None:
    name, text, status = anonymous["bad_expand"]
    assert (name, status) == ("BadRequestError", 400)
    assert "downloadsAllTime" in text


def test_model_info_builds_its_object_and_follows_a_rename(anonymous: dict[str, Any]) -> None:
    repo_id, gated, sha, files, license_id = anonymous["info"]
    assert (repo_id, gated, license_id) == ("meta-llama/Meta-Llama-3-8B", "manual", "llama3")
    assert sha == f"{5000:040x}"
    assert files == ["README.md", "LICENSE", "config.json"]
    assert anonymous["expanded"] == 12_345_678
    assert anonymous["weights"] == 8_030_261_248  # recorded without the types that the client insists on
    assert anonymous["renamed"] == "new-name/model"


def test_model_card_and_download_get_the_recorded_bytes_and_cache_them(anonymous: dict[str, Any]) -> None:
    assert anonymous["card"][0] == "apache-2.0"
    assert "København \U0001f30d" in anonymous["card"][1]
    assert anonymous["downloaded"] == CARD
    assert anonymous["again"] is True


def test_a_gated_repo_shows_its_card_but_refuses_its_licence_file(seen: dict[str, Any]) -> None:
    assert seen["anonymous"]["gated_card"] == "llama3"
    assert seen["anonymous"]["gated_file"][::2] == ["GatedRepoError", 401]
    assert seen["token"]["gated_file"][::2] == ["GatedRepoError", 403]


def test_a_missing_repo_is_a_bare_401_for_the_anonymous_and_not_found_with_a_token(seen: dict[str, Any]) -> None:
    # Over plain http the client does not read a bare 401 as a missing repo; over https it would.
    assert seen["anonymous"]["missing_repo"][::2] == ["HfHubHTTPError", 401]
    assert seen["token"]["missing_repo"][::2] == ["RepositoryNotFoundError", 404]


def test_absent_files_and_revisions_raise_the_clients_own_errors(anonymous: dict[str, Any]) -> None:
    assert anonymous["absent_file"][0] == "RemoteEntryNotFoundError"
    assert anonymous["bad_revision"][0] == "RevisionNotFoundError"


def test_tree_paths_refs_and_existence_work_unmodified(anonymous: dict[str, Any]) -> None:
    size = len(CARD.encode())
    assert anonymous["tree"] == [["README.md", size], ["data", None], ["data/notes.txt", 0]]
    assert [path for path, _ in anonymous["paths"]] == ["README.md"]
    assert anonymous["branches"] == [f"{5001:040x}"]
    assert anonymous["exists"] == [True, True]


def test_dataset_info_and_whoami_answer(seen: dict[str, Any]) -> None:
    assert seen["anonymous"]["dataset"] == "allenai/dolma"
    assert seen["token"]["whoami"] == "replay"


def test_none_of_these_calls_asked_for_a_file_that_counts_as_a_download(seen: dict[str, Any]) -> None:
    assert seen["counted"] == {}


def test_the_client_reads_every_model_of_the_bundled_sample_with_its_parameter_total() -> None:
    """The client wants `parameters` beside `total`; where the dtypes were not recorded the sample has an empty one."""
    totals: dict[str, int] = {}
    with ReplayHub(Recording.open(SAMPLE)) as hub:
        api = HfApi(endpoint=hub.url, token=False)
        listed = [model.id for model in api.list_models(expand=["safetensors", "sha"])]
        for repo_id in listed:
            info = api.model_info(repo_id)
            assert info.id == repo_id
            if info.safetensors:
                totals[repo_id] = info.safetensors.total
                assert sum(info.safetensors.parameters.values()) in (0, info.safetensors.total), repo_id
    assert len(listed) > 250
    assert len(totals) > 100
    assert totals["google-bert/bert-base-uncased"] == 110_106_428

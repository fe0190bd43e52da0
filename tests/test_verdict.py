"""One repo with its documents -> level: what README, licence files and their names add to the Hub's listing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crawler.records import Listed, Repo, decode_page, expand
from index import rules
from index.lineage import Handed
from index.model import Assessment, Level, Restriction
from index.own_license import UNREAD, own_license, restricted_names
from index.verdict import Text, examine

APACHE = (Path(__file__).parents[1] / "LICENSE").read_bytes()
MIT = b"""MIT License

Copyright (c) 2026 The openness authors

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def listed(card: dict[str, Any] | None = None, *files: str, **more: Any) -> Repo:
    """A row of an ungated model with weights, as the Hub lists it; its licence tag is that of the card."""
    data = {"license": "mit"} if card is None else card
    row = {
        "_id": "6" * 24, "id": "acme/model", "author": "acme", "sha": "a" * 40, "private": False, "disabled": False,
        "gated": False, "createdAt": "2024-01-01T00:00:00.000Z", "tags": [f"license:{data.get('license', 'mit')}"],
        "cardData": data, "siblings": [{"rfilename": f} for f in ("README.md", "model.safetensors", *files)],
    } | more  # fmt: skip
    (page,) = decode_page(json.dumps([row]).encode())
    assert isinstance(page, Listed)
    repo = expand(page)
    assert isinstance(repo, Repo)
    return repo


def judge(repo: Repo, known: dict[str, Handed] | None = None, **texts: bytes | str | None) -> Assessment:
    """Its assessment; a text is a body, or the outcome of a fetch that brought none. Names: README, LICENSE, ..."""
    names = {"README": "README.md"}
    read = [
        Text(names.get(name, name), text if isinstance(text, str) else "ok", text if isinstance(text, bytes) else None)
        for name, text in texts.items()
    ]
    verdict = examine(repo, read, (known or {}).get)
    assert not verdict.error
    return verdict.assessment


LLAMA = Handed(
    "meta-llama/Llama-2-7b", "llama2", Level.L2, Level.L2, Restriction.COMMUNITY, "unknown", "unknown", "partial",
    "partial", is_root=True,
)  # fmt: skip


def test_a_model_whose_papers_all_agree_is_open_weights() -> None:
    card = b"---\nlicense: mit\nlicense_name: The MIT License\nlicense_link: LICENSE\n---\n# A model\n"
    assert judge(listed(None, "LICENSE"), README=card, LICENSE=MIT).level == Level.L3
    assert judge(listed()).level == Level.L3


# --------------------------------------------------------------------------------------------- front matter


@pytest.mark.parametrize(
    ("front_matter", "restriction", "level_max"),
    [
        ("license: cc-by-nc-4.0", "non-commercial", Level.L2),
        ("license:\n- mit\n- llama2", "community", Level.L2),
        ("license:\n- mit\n- name: llama2", "unknown-license", Level.L6),
        ("license: other", "unknown-license", Level.L6),
        ("license: mit\nlicense_name: acme-proprietary-license", "unknown-license", Level.L6),
        ("license: mit\nlicense_link: https://acme.com/terms", "unknown-license", Level.L6),
        ("license: mit\nlicense_name: gemma", "use-restricted", Level.L2),
    ],
)
def test_a_licence_that_only_the_readme_declares_counts_beside_the_tag(
    front_matter: str, restriction: str, level_max: Level
) -> None:
    text = f"---\ntags: [x]\n{front_matter}\n---\n# A model\n"
    made = judge(listed(), README=text.encode())
    assert (made.level, made.level_max, made.restriction) == (Level.L2, level_max, restriction)
    said = next(e for e in made.evidence if e.probe == "card_license")
    start, end = map(int, said.place.removeprefix("README.md#").split("-"))
    assert text[start:end] == said.quote
    assert said.quote.startswith("license")


def test_a_licence_that_only_the_readme_states_opens_only_what_the_listing_did_not_show() -> None:
    text = b"---\nlicense: mit\n---\n"
    shown = judge(listed({}, tags=["x"], cardData={"language": "en"}), README=text)
    assert shown.level == Level.L2
    assert own_license(listed({}, tags=None, cardData=None), [Text("README.md", "ok", text)]).license.id == "mit"


def test_front_matter_that_says_nothing_takes_nothing_away() -> None:
    for text in (
        b"# no front matter",
        b"---\nlicense: null\nbase_model: ~\n---\n",
        b"---\n---\n",
        b"---\nlicense: [\n",
    ):
        made = judge(listed(), README=text)
        assert (made.level, made.license_effective) == (Level.L3, "mit"), text


@pytest.mark.parametrize("key", ["base_model", "base-model", "basemodel", "base_models"])
def test_a_base_that_only_the_readme_declares_binds(key: str) -> None:
    text = f"---\nlicense: mit\n{key}: meta-llama/Llama-2-7b\n---\n"
    made = judge(listed(), {"meta-llama/Llama-2-7b": LLAMA}, README=text.encode())
    assert (made.level, made.level_max, made.restriction) == (Level.L2, Level.L2, "community")
    said = next(e for e in made.evidence if e.probe == "card_base")
    assert said.quote == f"{key}: meta-llama/Llama-2-7b"
    assert text[text.index(key) :].startswith(said.quote)
    by_family = judge(listed(), README=text.encode())  # which the index does not have: its makers' terms are known
    assert (by_family.level, by_family.level_max, by_family.license_effective) == (Level.L2, Level.L2, "llama2")
    unknown = judge(listed(), README=text.replace("meta-llama/Llama-2-7b", "gone/heron").encode())
    assert (unknown.level, unknown.restriction) == (Level.L2, "unknown-base")
    assert unknown.level_max > Level.L2


def test_a_base_that_listing_and_readme_both_declare_is_one_base() -> None:
    repo = listed({"license": "mit", "base_model": "https://huggingface.co/Org/Base"})
    text = b"---\nlicense: mit\nbase_model: org/base\n---\n"
    made = judge(repo, README=text)
    assert [e for e in made.evidence if e.probe == "card_base"] == []


# ------------------------------------------------------------------------------------------------- links


@pytest.mark.parametrize(
    "link",
    [
        "https://huggingface.co/acme/model/blob/main/LICENSE",
        "https://huggingface.co/acme/other-model/resolve/main/LICENSE.md",
        "https://huggingface.co/org/base/blob/main/LICENSE",
        "https://github.com/acme/model/blob/main/LICENSE",
        "LICENSE",
        "https://opensource.org/license/mit/",
        "https://huggingface.co/microsoft/Phi-3-mini-4k-instruct/resolve/main/LICENSE",
    ],
)
def test_a_link_to_ones_own_or_a_bases_licence_file_takes_nothing_away(link: str) -> None:
    repo = listed({"license": "mit", "license_link": link, "base_model": "org/base"})
    assert own_license(repo, ()).license.id == "mit"


@pytest.mark.parametrize(
    "link",
    [
        "https://acme.com/terms",
        "https://huggingface.co/somebody/else/blob/main/LICENSE",
        "https://huggingface.co/acme/model/blob/main/terms.pdf",
        "https://github.com/somebody/else/blob/main/LICENSE",
    ],
)
def test_a_link_to_terms_that_nobody_read_leaves_the_licence_unknown(link: str) -> None:
    assert own_license(listed({"license": "mit", "license_link": link}), ()).license.conformant == "unknown"


# -------------------------------------------------------------------------------------------- licence files


@pytest.mark.parametrize(
    "text",
    [
        "All rights reserved. No use without written permission of ACME.",
        "PROPRIETARY LICENSE. This model may only be used by customers of ACME.",
        "You may evaluate the model for 30 days.",
        "A fee of 10 USD per month applies.",
        "Only universities may use this.",
        "本模型仅供研究使用,禁止商业用途。",
        "Apache-2.0",
        "",
    ],
)
def test_a_licence_file_that_is_no_licence_we_know_leaves_the_licence_unknown(text: str) -> None:
    made = judge(listed(None, "LICENSE"), LICENSE=text.encode())
    assert (made.level, made.level_max, made.restriction) == (Level.L2, Level.L6, "unknown-license")


def test_a_licence_file_of_one_line_that_names_a_restricted_licence_restricts() -> None:
    made = judge(listed(None, "LICENSE"), LICENSE=b"This model is licensed under the Llama 2 Community License.")
    assert (made.level, made.restriction, made.license_effective) == (Level.L2, "community", "llama2")


@pytest.mark.parametrize(
    "text", [MIT, APACHE, b"MIT", b"# MIT License\n\nCopyright (c) 2026 Acme\n", b"This model is released under MIT."]
)
def test_a_licence_file_that_agrees_with_the_tag_or_is_as_open_changes_nothing(text: bytes) -> None:
    assert judge(listed(None, "LICENSE"), LICENSE=text).level == Level.L3


@pytest.mark.parametrize("outcome", sorted(UNREAD))
def test_a_licence_file_that_could_not_be_read_leaves_the_licence_unknown(outcome: str) -> None:
    made = judge(listed(None, "LICENSE"), LICENSE=outcome)
    assert (made.level, made.level_max, made.restriction) == (Level.L2, Level.L6, "unknown-license")


def test_a_licence_file_that_nobody_has_fetched_yet_leaves_the_tag_standing() -> None:
    assert judge(listed(None, "LICENSE")).level == Level.L3
    assert judge(listed(None), LICENSE="missing").level == Level.L3


def test_a_licence_file_that_is_listed_and_was_not_there_when_asked_for_leaves_the_licence_unknown() -> None:
    made = judge(listed(None, "LICENSE"), LICENSE="missing")
    assert (made.level, made.level_max, made.restriction) == (Level.L2, Level.L6, "unknown-license")
    reason = next(rules.words_of(j) for j in made.judgements if j.dimension == "license")
    assert reason == "A licence that we do not know: LICENSE, a file beside mit that could not be read."


def test_the_order_of_licence_files_does_not_matter_and_the_unread_one_is_not_outvoted() -> None:
    repo = listed({"license": "other"}, "LICENSE", "LICENSE-MODEL")
    odd = Text("LICENSE-MODEL", "ok", b"Ask ACME.")
    for texts in ([Text("LICENSE", "ok", MIT), odd], [odd, Text("LICENSE", "ok", MIT)]):
        assert own_license(repo, texts).license.conformant == "unknown"
    assert own_license(repo, [Text("LICENSE", "ok", MIT)]).license.id == "mit"


def test_a_list_of_other_peoples_licences_says_nothing_of_the_model() -> None:
    repo = listed(None, "LICENSE", "LICENSE-3RD-PARTY.txt")
    texts = [Text("LICENSE", "ok", MIT), Text("LICENSE-3RD-PARTY.txt", "ok", b"This product includes zlib and numpy.")]
    assert own_license(repo, texts).license.id == "mit"


RESTRICTED = [
    "LICENSE_LLAMA2.txt", "USE_POLICY.md", "LLAMA_2_COMMUNITY_LICENSE_AGREEMENT.pdf", "gemma-terms.md",
    "LICENSE-NC", "original/LLAMA_LICENSE", "EULA.txt", "Tongyi Qianwen LICENSE AGREEMENT", "LICENSE-RAIL",
]  # fmt: skip


@pytest.mark.parametrize("name", RESTRICTED)
def test_a_file_whose_name_names_a_restricted_licence_counts_before_it_is_read(name: str) -> None:
    made = judge(listed(None, name))
    assert (made.level, made.level_max, made.restriction) == (Level.L2, Level.L6, "unknown-license")
    assert [e.quote for e in made.evidence if e.probe == "license_file_name"] == [name]


def test_names_of_programs_weights_and_plain_licences_name_no_restricted_licence() -> None:
    harmless = [
        "LICENSE", "LICENSE.md", "LICENSE-llama.cpp", "llama-7b.safetensors", "policy.pt", "rl_policy_nc.zip",
        "gemma.gguf", "README.md", "license_trail.txt", "COPYING", "PRIVACY_POLICY.md", "llama_license.py",
        "tokenizer_config.json", "terms.txt", "Incense_license.txt",
    ]  # fmt: skip
    assert restricted_names(harmless) == []


def test_a_file_with_a_restricted_name_and_an_open_text_is_judged_by_its_text() -> None:
    made = judge(listed(None, "LICENSE_LLAMA"), LICENSE_LLAMA=MIT)
    assert made.level == Level.L3

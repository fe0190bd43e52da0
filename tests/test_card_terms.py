"""What a card says of its terms against its open tag: heard of the model, not of its code, its data or others."""

from __future__ import annotations

import pytest

from crawler.records import Repo
from index.model import Level, Restriction
from index.own_license import Text
from index.verdict import examine


def judged(card: str, license_: str = "apache-2.0") -> tuple[Level, str]:
    """(what is proved, why not higher) of a model of its own with this card, whose files are shown."""
    repo = Repo(
        oid="0", repo_id="meadow/Heron-7B", fingerprint=b"", license=license_, tags=(f"license:{license_}",), gated="no",
        disabled=False, files=("README.md", "model.safetensors"),
    )  # fmt: skip
    made = examine(repo, [Text("README.md", "ok", card.encode())], {}.get).assessment
    return made.level, made.restriction


@pytest.mark.parametrize(
    "said",
    [
        "The license is CC-BY-NC-SA 4.0.",
        "Licensed under the Creative Commons Attribution-NonCommercial 4.0 International License.",
        "Our weights use the [terms](https://creativecommons.org/licenses/by-nc/4.0/).",
        "Weights: CC-BY-NC 4.0. Code: Apache 2.0.",
        "The model is released under the FLUX.1 [dev] Non-Commercial License.",
        "This model falls under the Stability AI Community License.",
        "Use is subject to the [Gemma terms](https://ai.google.dev/gemma/terms).",
        "License: Proprietary",
        "The weights are under a custom licence.",
        "Commercial use requires a license from us.",
        "Free for non-commercial use.",
        "Eine kommerzielle Nutzung ist nicht gestattet.",
        "Die Nutzung ist auf Forschungszwecke beschränkt.",
        "L'utilisation commerciale est interdite.",
        "Queda prohibido el uso comercial.",
        "Uso comercial proibido.",
        "Solo per uso non commerciale.",
        "Только для некоммерческого использования.",
        "商用需要授权。",
        "模型权重遵循 Llama 3 社区许可协议。",
        "非商用利用に限ります。",
        "비상업적 용도로만 사용 가능합니다.",
        # ... and what looks like a permission and is none
        "A separate license is required for commercial use.",
        "You need to obtain a license from us for commercial use.",
        "A license for commercial use can be obtained from us.",
        "No permission is granted for commercial use.",
        "You may not, without permission, use it for commercial purposes.",
        "Commercial use without permission is prohibited.",
        "Commercial use is not permitted without a license.",
        "There are no use restrictions beyond the use restrictions of Attachment A.",
        "No warranty, non-commercial use.",
        "Für kommerzielle Nutzung wird keine Genehmigung erteilt.",
        "Kommerzielle Nutzung ohne Genehmigung ist unzulässig.",
        "Nicht kommerziell, nur für Forschung.",
        "Uso no comercial solo para investigación.",
        "学术研究无需授权，商用需授权。",
        "如用于商业用途，需联系我们。",
        "不得用于任何商业用途；研究无需申请。",
        "仅供学术研究；无需授权。",
        "The Heron-7B and Heron-13B models are for non-commercial use.",
        "The 7B model is for non-commercial use.",
        "All models with -7b in the name are for non-commercial use.",
    ],
)
@pytest.mark.parametrize("heading", ["License", "Lizenz", "许可证"])
def test_a_section_on_the_licence_that_says_less_than_the_tag_keeps_the_model_from_being_proved_open(
    heading: str, said: str
) -> None:
    assert judged(f"# Heron\n\n## {heading}\n\n{said}\n") == (Level.L2, Restriction.UNKNOWN_LICENSE)


@pytest.mark.parametrize(
    "said",
    [
        "Dieses Modell ist nur für nicht-kommerzielle Zwecke.",
        "Ce modèle est réservé à un usage de recherche.",
        "Este modelo es solo para fines de investigación.",
        "该模型仅限非商业用途。",
    ],
)
def test_a_sentence_of_the_model_anywhere_in_the_card_is_heard_in_other_languages(said: str) -> None:
    assert judged(f"# Heron\n\nHerons are birds.\n\n{said}\n") == (Level.L2, Restriction.UNKNOWN_LICENSE)


@pytest.mark.parametrize(
    "said",
    [
        "Apache License 2.0. See [LICENSE](https://www.apache.org/licenses/LICENSE-2.0).",
        "The data is under CC-BY-NC-4.0.",
        "This model may be used for commercial and non-commercial purposes.",
        "Das Modell ist für kommerzielle und nicht-kommerzielle Zwecke frei.",
        "Based on [upstage/SOLAR-10.7B-v1.0](https://huggingface.co/upstage/SOLAR-10.7B-v1.0), which is apache-2.0.",
        "[meadow/Heron-7B-Chat](https://huggingface.co/meadow/Heron-7B-Chat): cc-by-nc-4.0",
        "允许商业和非商业使用。",
        "学术研究与商业使用均可。",
        "Released under the Apache 2.0 license, free for commercial use.",
        "Apache License for commercial use and research.",
        "Apache-2.0 License, meaning it's available for commercial use.",
        "Enterprise License: Designed for commercial use.",
        "There are no use restrictions.",
        "Apache-2.0, no custom license.",
        "Commercial use does not require permission.",
        "Commercial use is allowed, no permission needed.",
        "Commercial use is permitted without a separate license.",
        "Apache-2.0: commercial as well as non-commercial use.",
        "Use is not limited to non-commercial purposes.",
        "It is not only for research, but for commercial use too.",
        "Apache-2.0,本模型可免费商用，无需授权。",
        "模型权重支持商用无需申请。",
        "本模型权重可商用，无需联系我们。",
        "模型可商用，不仅限于学术研究。",
        "禁止违法用途，可商用。",
        "Das Modell darf nicht nur für Forschung, sondern auch kommerziell genutzt werden.",
        "Kommerzielle Nutzung des Modells ist ohne Genehmigung erlaubt.",
        "El modelo no es solo para investigación, también para uso comercial.",
        "Le modèle n'est pas réservé à la recherche.",
        "Le modèle n'est pas interdit d'usage à des fins commerciales.",
        "研究のみならず商用利用も可能なモデルです。",
        "The Heron-13B model is released under the CC-BY-NC-4.0 license.",
        "The 30b model is for non-commercial use only.",
        "The heron models with -l2 in the name are for non-commercial use.",
    ],
)
def test_open_terms_and_those_of_data_or_others_leave_the_tag_what_it_is(said: str) -> None:
    assert judged(f"# Heron\n\n## License\n\n{said}\n")[0] is Level.L3


def test_a_model_whose_card_restricts_it_hands_no_open_licence_down() -> None:
    repo = Repo(oid="0", repo_id="meadow/Heron-7B", fingerprint=b"", license="mit", tags=("license:mit",), gated="no",
                disabled=False, files=("README.md", "model.safetensors"))  # fmt: skip
    card = b"# Heron\n\n## License\n\nThe license is CC-BY-NC-SA 4.0.\n"
    assert examine(repo, [Text("README.md", "ok", card)], {}.get).handed.allows is Level.L2


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("- a\n- b\n", "list"),
        ("a: " + "[" * 300 + "]" * 300 + "\n", "nested"),
        ("a: &a [x, x]\n" + "".join(f"b{i}: &{'b' * i} [{','.join(['*' + 'b' * (i - 1)] * 9)}]\n" if i > 1
                                    else "b1: &b [*a, *a]\n" for i in range(1, 9)), "values"),
        ("license: [mit\n", "YAML"),
    ],
)  # fmt: skip
def test_front_matter_that_cannot_be_read_is_an_error_with_its_reason_and_its_words(head: str, why: str) -> None:
    card = f"---\n{head}---\n# Heron\n"
    repo = Repo(oid="0", repo_id="meadow/Heron-7B", fingerprint=b"", license="mit", tags=("license:mit",))
    evidence = examine(repo, [Text("README.md", "ok", card.encode())], {}.get).assessment.evidence
    (found,) = [e for e in evidence if e.probe == "front_matter"]
    assert (found.outcome, why in found.value) == ("error", True), found.value
    start, end = map(int, found.place.partition("#")[2].split("-"))
    assert found.quote == card[start:end] != ""

"""What stands beside an open licence text: harmless, or the licence is not that open one."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from index.license_clauses import clauses
from index.license_texts import recognise
from index.licenses import catalogue
from tests.test_license_texts import BSD, MIT

APACHE = (Path(__file__).parents[1] / "LICENSE").read_text(encoding="utf-8")
TEXTS = {"mit": MIT, "bsd-3-clause": BSD, "apache-2.0": APACHE}
WITHOUT_APPENDIX = APACHE[: APACHE.index("END OF TERMS AND CONDITIONS")]

TAKES = [
    "仅供学术研究使用,禁止商业用途。",
    "本模型仅供研究。",
    "商用需要授权。",
    "Nur für nicht-kommerzielle Zwecke.",
    "Eine kommerzielle Nutzung ist nicht gestattet.",
    "Usage à des fins de recherche uniquement.",
    "L'utilisation commerciale est interdite.",
    "Uso no comercial únicamente.",
    "Solo para fines de investigación.",
    "Только для некоммерческого использования.",
    "非商用利用に限ります。",
    "비상업적 용도로만 사용 가능합니다.",
    "This license does not grant rights in the European Union.",
    "NOTE: weights are licensed under CC-BY-NC-4.0.",
    "The weights are released under the Llama 3 Community License.",
    "This software is based on work licensed under CC-BY-NC-4.0.",
    "Licensing of the checkpoints: OpenRAIL-M.",
    "Access is subject to approval.",
    "Not for production use.",
    "For personal use only.",
    "If you have an annual revenue above 1M USD you must contact us for a license.",
    "Companies shall contact sales@example.org for pricing.",
    "You agree that you will share improvements with ACME.",
    "Code: MIT. Weights: CC-BY-NC 4.0",
    "Code MIT, Weights CC-BY-NC-4.0",
    "Code/Weights: MIT/CC-BY-NC-4.0",
    "Weights: CC BY-NC-SA",
    "Model Weights Llama 2 Community",
    "Weights Proprietary",
    "Not In China",
    "Excluding the Model Weights",
    "Trial Version Until 2025",
    "The weights are derived from Llama 2.",
    "This model is a derivative of Meta Llama 3.",
    "Developed by Foo, sale of outputs is banned.",
    "Created by Foo, military applications void it.",
]
NOTICES = [  # lines that begin as a notice of copyright does, and go on
    "Copyright (c) 2023 Foo. For research purposes.",
    "Copyright (c) 2023 Foo. Non-commercial.",
    "Copyright (c) 2023 Foo, Inc. Non-commercial.",
    "Copyright (c) 2023 Foo. Research and evaluation purposes.",
    "Copyright (c) 2023 Foo, licensed for academics.",
    "Copyright (c) 2023 Foo, Llama 2 Community License",
    "Copyright (c) 2023 Foo. Military use excluded.",
    "Copyright 2023 Foo; weights under the Llama 2 Community License",
    "Copyright 2023 Foo under terms of our own",
    "(c) Foo - for academic use",
    "All rights reserved. Commercial users need a contract.",
    "All rights reserved, commercial rights belong to Foo Inc and require a contract.",
]
HARMLESS = [
    "Copyright (c) 2024 ACME GmbH. All rights reserved.",
    "Copyright 2023 智谱AI",
    "This applies to the code and to the weights of the model.",
    "The code and the model weights are licensed under the Apache License, Version 2.0.",
    "SPDX-License-Identifier: Apache-2.0",
    "This project includes software developed by the Foo project (https://example.org).",
    "Based on the code of Jane Doe's tinymodel, https://example.org/tinymodel.",
    "This is a fork of 'tinymodel' by Jane Doe.",
    "Author: Jane Doe <jane@example.org>",
    "Jane van Doe, Jan Roe and the Foo Team",
]

OF_HOLDERS = [
    "Copyright (c) 2016-2023 Foo, Inc. and its affiliates. All rights reserved.",
    "Copyright 2021 - present, the respective contributors.",
    "Copyright © 2020 by Institute for Research in Meadows, University of Foo",
    "Copyright 2018 J. R. Doe <jane@example.org> (https://example.org/)",
    "Copyright (c) 2020 Microsoft Research, Tencent and Foo Co., Ltd.",
    "Copyright 2022 Jane Doe, released under the MIT License.",
    "Copyright (c) 2019 Foo. Created by Jane Doe.",
    "(c) 2014, Museum of Foo; Jane Doe",
]


def beside(text: str, extra: str) -> list[str]:
    """The words after the text, on its last line, before it, and between two of its paragraphs."""
    parts = text.split("\n\n")
    middle = len(parts) // 2
    between = "\n\n".join([*parts[:middle], extra, *parts[middle:]])
    return [f"{text}\n\n{extra}\n", f"{text.rstrip()} {extra}", f"{extra}\n\n{text}", between]


def is_open(text: str) -> bool:
    found = recognise(text).license_id
    return found is not None and catalogue()[found].is_conformant


@pytest.mark.parametrize("extra", TAKES)
def test_an_open_text_beside_words_that_take_from_it_or_name_another_licence_opens_nothing(extra: str) -> None:
    for text in (*TEXTS.values(), WITHOUT_APPENDIX):
        assert is_open(text)
        for whole in beside(text, extra):
            match = recognise(whole)
            assert (match.license_id, match.method) == (None, "modified"), whole[:80]
            assert any(quote and quote in whole for quote in match.quotes)


@pytest.mark.parametrize("extra", NOTICES)
def test_what_a_line_says_behind_its_notice_of_copyright_counts_like_any_other_words(extra: str) -> None:
    for text in (*TEXTS.values(), WITHOUT_APPENDIX):
        for whole in (f"{text}\n\n{extra}\n", f"{extra}\n\n{text}", text.replace("\n\n", f"\n\n{extra}\n\n", 1)):
            match = recognise(whole)
            assert (match.license_id, match.method) == (None, "modified"), whole[:80]
            assert any(quote and quote in whole for quote in match.quotes)


@pytest.mark.parametrize("extra", OF_HOLDERS)
def test_a_notice_of_copyright_alone_leaves_an_open_text_what_it_is_whoever_holds_it(extra: str) -> None:
    for license_id, text in TEXTS.items():
        for whole in (f"{text}\n\n{extra}\n", f"{extra}\n\n{text}", text.replace("\n\n", f"\n\n{extra}\n\n", 1)):
            assert recognise(whole).license_id == license_id, whole[:80]


@pytest.mark.parametrize("width", [40, 79, 100])
def test_a_standard_text_broken_into_lines_anywhere_is_itself(width: int) -> None:
    for license_id, text in TEXTS.items():
        lines = (line for part in text.split("\n\n") for line in [*textwrap.wrap(part, width), ""])
        assert recognise("\n".join(lines)).license_id == license_id


@pytest.mark.parametrize("extra", HARMLESS)
def test_notices_attributions_names_and_plain_words_leave_an_open_text_what_it_is(extra: str) -> None:
    for license_id, text in TEXTS.items():
        for whole in beside(text, extra):
            assert recognise(whole).license_id == license_id, whole[:80]


def test_the_short_apache_notice_beside_a_condition_opens_nothing() -> None:
    notice = APACHE[APACHE.index("Licensed under the Apache License") :]
    assert recognise(notice).license_id == "apache-2.0"
    assert not is_open(f"{notice}\n\nAccess is subject to approval.\n")


@pytest.mark.parametrize(
    "text",
    [
        "Für kommerzielle und nicht-kommerzielle Zwecke.",
        "Pour un usage commercial et non commercial.",
        "Para uso comercial y no comercial.",
        "允许商业和非商业使用。",
    ],
)
def test_what_permits_both_is_no_clause_in_other_languages_either(text: str) -> None:
    assert clauses(text) == ()

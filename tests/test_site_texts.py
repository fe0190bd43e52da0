"""The catalogue of texts: both languages, everything that templates ask for, nothing left untranslated."""

from __future__ import annotations

import itertools
import re
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("datasette", reason="the [web] extra is not installed")

from index import checklists, explain
from index.licenses import catalogue
from index.model import LEVEL_NAMES, Dimension, Restriction, Value
from index.rows import Model
from index.rules import published
from index.site import render
from index.site.ask import LANGUAGES
from index.site.phrases import read_phrases

SITE = Path(render.__file__).parent
SOURCES = [*SITE.glob("templates/openness/*.html"), *SITE.glob("*.py"), *SITE.glob("pages/*.py")]


def names(text: str) -> list[str]:
    return sorted(str(name) for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def asked() -> Iterator[tuple[str, str]]:
    """(file, key) of every text that is asked for by its whole name."""
    for source in SOURCES:
        for key in re.findall(
            r"""\bt\(\s*["']([a-z_]+\.[A-Za-z0-9_-]+)["']\s*[,)]""", source.read_text(encoding="utf-8")
        ):
            yield source.name, key
        for key in re.findall(r"""(?:BadAsk|NotHere)\(\s*["']([a-z_.]+)["']""", source.read_text(encoding="utf-8")):
            yield source.name, key


def test_every_text_has_both_languages_and_fills_in_the_same_names() -> None:
    for key, pair in render.catalogue().items():
        assert len(pair) == len(LANGUAGES), key
        assert all(text.strip() for text in pair), key
        assert names(pair[0]) == names(pair[1]), key


def test_every_text_that_a_page_asks_for_is_there() -> None:
    wanted = list(asked())
    assert len(wanted) > 200
    assert [(f, k) for f, k in wanted if k not in render.catalogue()] == []


def test_every_word_of_the_index_has_a_text() -> None:
    have = render.catalogue()
    items = [q.item for q in checklists.QUESTIONS if q.framework == checklists.OSAID]
    assert [i for i in items if f"osaid.no_{i}" not in have and i != "parameters_terms"] == []
    assert [i for i in items if f"osaid.ask_{i}" not in have] == []
    assert [d for d in Dimension if f"dim.{d}" not in have or f"question.{d}" not in have] == []
    assert [v for v in Value if f"value.{v}" not in have] == []
    assert [r for r in Restriction if r and f"why.{r}" not in have] == []
    assert [level for level in LEVEL_NAMES if f"level.L{level}" not in have or f"rule.L{level}" not in have] == []
    assert [level for level, words in LEVEL_NAMES.items() if have[f"level.L{level}"][0] != words] == []


def test_no_text_is_the_same_in_both_languages_by_oversight() -> None:
    same = {k for k, (en, fr) in render.catalogue().items() if en == fr and len(en.split()) > 2}
    assert same == {"framework.mof"}  # a name


def test_the_words_of_every_rule_have_a_translation_with_the_same_gap() -> None:
    have = {key.removeprefix("reason."): pair for key, pair in render.catalogue().items() if key.startswith("reason.")}
    assert {code: english for code, (english, _) in have.items()} == {row.code: row.words for row in published()}
    assert [c for c, (english, french) in have.items() if english.count("{}") != french.count("{}")] == []


def test_a_reason_is_said_in_french_with_what_was_found_and_its_quote_untouched() -> None:
    french = render.texts("fr").reason
    assert french("W6", "Anyone can download the weights: 1.8 billion parameters in safetensors, counted by the Hub.") == (
        "Chacun peut télécharger les poids : 1.8 milliards de paramètres dans safetensors, comptés par le Hub.", True
    )  # fmt: skip
    assert french("BD5", 'The card says that the data is not public: "yes".') == (
        "La fiche dit que les données ne sont pas publiques : « yes ».", True
    )  # fmt: skip
    older = "Words of a rule that was published before."
    assert french("BD5", older) == (older, False)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_reason_does_not_repeat_the_quote_that_stands_below_it(lang: str) -> None:
    words = 'The card says that the data is not public: "We do not share it".'
    t = render.texts(lang)
    assert "We do not share it" not in t.reason("BD5", words, ["We do not share it."]).text
    assert t.reason("BD5", words, ["We do not share it."]).text.endswith((" public.", " publiques."))
    assert "We do not share it" in t.reason("BD5", words, ["Something else."]).text


def test_every_answer_of_the_ai_acts_checklist_is_said_in_french() -> None:
    french = render.texts("fr").phrase
    licenses = [*catalogue().values()]
    said = {
        check.reason
        for value in Value for license in licenses for gated in ("no", "auto", "manual", None) for fact in (None, False, True)
        for other in (False, True)
        for check in checklists.ai_act_checklist(
            dict.fromkeys(map(str, Dimension), str(value)),
            checklists.Facts(license, other_terms=other, gated=gated, usage_information=fact, monetised=fact,
                             copyright_policy=fact, training_summary=fact, systemic_risk=fact),
        ).checks
    }  # fmt: skip
    assert len(said) > 20
    assert [s for s in sorted(said) if not french.translated(s) or ENGLISH.search(french(s))] == []
    items = [q.item for q in checklists.QUESTIONS if q.framework == checklists.AI_ACT]
    assert [i for i in items if not render.texts("fr").has(f"needed.{i}")] == []


def test_what_explain_says_has_a_translation() -> None:
    french = render.texts("fr").phrase
    said = [*explain.LICENCE_WORDS.values(), *explain.OTHER_WORDS.values(), *LEVEL_NAMES.values()]
    assert [s for s in said if not french.translated(s)] == []


def test_a_sentence_with_parts_is_translated_part_by_part_and_names_are_left_alone() -> None:
    french = render.texts("fr").phrase
    level = "restricted: community licence, 700 million user threshold, click-through access"
    assert french(level) == (
        "restreint : licence communautaire, seuil de 700 millions d’utilisateurs, accès après acceptation de conditions"
    )
    assert french("The licence llama3 of its base meta-llama/Llama-3 binds it too: community licence.") == (
        "La licence llama3 de sa base meta-llama/Llama-3 le lie aussi : licence communautaire."
    )


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("gated: somebody approves each reader by hand, community licence, 700 million user threshold",
         "sur autorisation : quelqu’un approuve chaque demande à la main, licence communautaire, "
         "seuil de 700 millions d’utilisateurs"),
        ("open weights, documented: apache-2.0, code and data not shown in full",
         "poids ouverts et documentés : apache-2.0, code et données non montrés en entier"),
        ("What L4 asks for is closed: training data. Not shown in full either: architecture (partial).",
         "Ce que L4 demande est fermé : données d’entraînement. Non montrés en entier non plus : architecture (partiel)."),
        ("open weights: apache-2.0 on it and on every declared ancestor, training data closed",
         "poids ouverts : apache-2.0 pour lui et pour chaque ancêtre déclaré, données d’entraînement fermées"),
        ("open weights: mit, training data closed, weights closed, training code closed",
         "poids ouverts : mit, données d’entraînement fermées, poids fermés, code d’entraînement fermé"),
        ("L5: open code and data excluded.", "L5 : ouverture du code et des données exclue."),
        ("restricted, as far as is proved: a base model that cannot be judged",
         "restreint, d’après ce qui est prouvé : un modèle de base impossible à évaluer"),
    ],
)  # fmt: skip
def test_sentences_of_several_parts_are_cut_where_their_parts_meet(english: str, french: str) -> None:
    assert render.texts("fr").phrase(english) == french


def test_braces_in_a_name_are_never_filled_in() -> None:
    phrases = read_phrases([("licence {}", "licence {}")])
    assert phrases("licence {0.__class__}") == "licence {0.__class__}"


def test_the_pairs_of_sentences_have_as_many_gaps_on_both_sides() -> None:
    with (SITE / "texts.toml").open("rb") as file:
        pairs = tomllib.load(file)["phrases"]["pairs"]
    assert [p for p in pairs if len(p) != 2 or p[0].count("{}") != p[1].count("{}")] == []


def test_numbers_and_days_are_written_as_the_language_does() -> None:
    en, fr = render.texts("en"), render.texts("fr")
    assert (en.number(1234567), fr.number(1234567)) == ("1,234,567", "1\u202f234\u202f567")
    assert (en.number(0.5, 1), fr.number(0.5, 1)) == ("0.5", "0,5")
    assert (en.short(1_234_000), fr.short(1_234_000)) == ("1.2M", "1,2\u202fM")
    assert (en.short(999), en.short(12_300), en.short(None)) == ("999", "12k", "?")
    assert (en.day("2026-08-01"), fr.day("2026-08-01")) == ("1 August 2026", "1er août 2026")
    assert (en.day(None), en.day("not a day")) == ("?", "not a day")
    assert (en.percent(0.1234), fr.percent(None)) == ("12.3%", "?")


MODEL = Model(**{**dict.fromkeys(Model._fields), "level": "L3", "level_max": "L3"})
ENGLISH = re.compile(
    r"(?<![-\w])(closed|on it|every|declared|stated|excluded|shown|and|licence that|is|are|with|of)(?![-\w])"
)


def test_no_sentence_of_any_level_licence_and_restriction_is_half_english_in_french() -> None:
    french = render.texts("fr").phrase
    parts = ["apache-2.0 on it and on every declared ancestor", *explain.LICENCE_WORDS.values()]
    ends = [*explain.OTHER_WORDS.values(), *explain._EXCLUDED.values()]
    for ground, (_, asked_for) in explain.ASKED.items():
        named = [d for d in Dimension if d in asked_for]
        for one in (m for n in (1, 2, 3) for m in itertools.combinations(named, n)):
            cells = "".join("c" if d in one else "u" for d in Dimension)
            ends.append(explain.exclusion(MODEL._replace(restriction=ground, cells=cells)))
    said = [f"{name}: {part}, {end}" for name in LEVEL_NAMES.values() for part in parts for end in ends]
    assert [(s, french(s)) for s in said if ENGLISH.search(french(s))] == []

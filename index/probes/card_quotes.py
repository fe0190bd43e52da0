"""What all card probes share: quoting with a place, the sentence round a place, kinds of sections, whose a thing is.

Pure. Judges nothing; a `View` is a Card with what several probes would otherwise work out again each.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, NamedTuple

from crawler.cards import Card, Link, Section, count_words, without_comments
from crawler.records import Repo
from index.model import Evidence, Outcome
from index.probes.card_whose import Whose, squash
from index.probes.card_words import Near, Places, fold, matches, places, register

MAX_QUOTE = 200  # characters
PLACE = "README.md"

# What ends a sentence going forward; a line break ends one only before a blank line, a list item, a table or a heading.
# Each begins with one of six characters, which are looked for much faster than alternatives are tried.
_BREAK = re.compile(
    r"[.!?。！？\r\n<](?:(?<=[.!?])[)\"'*_]*(?=\s)|(?<=[。！？])|"
    r"(?:(?<=\r)\n|(?<=\n))[ \t>]*(?=[\r\n\-*+#|<=~`]|\d{1,3}[.)]\s|\Z)|(?<=<)(?:br|/?p|/?li|/?h\d|/td))"
)
_NO_BREAK = re.compile(r"(?:\b(?:e\.g|i\.e|et al|vs|cf|fig|dr|no|approx|[A-Za-z])\.)$", re.I)


@lru_cache(maxsize=64)  # several probes ask for the sentence round the same link, one after the other
def sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """Bounds of the sentence that holds text[start:end]: at most MAX_QUOTE long unless the words themselves are."""
    room = max(0, MAX_QUOTE - (end - start))
    low, high = max(0, start - room), min(len(text), end + room)
    begin = low
    for m in reversed(list(_BREAK.finditer(text, low, start))):
        if not _abbreviated(text, low, m.start()):
            begin = m.end()
            break
    stop = high
    for m in _BREAK.finditer(text, end, high):
        if not _abbreviated(text, end, m.start()):
            stop = m.end() if text[m.start()] in ".!?。！？" else m.start()
            break
    while begin < start and text[begin] in " \t\r\n>-*#|":
        begin += 1
    while stop > end and text[stop - 1] in " \t\r\n|":
        stop -= 1
    if stop - begin > MAX_QUOTE:  # keep the words themselves, then as much as fits, more of what stands before
        stop = max(end, min(stop, start + MAX_QUOTE // 2))
        begin = max(begin, stop - MAX_QUOTE)
    return begin, stop


def _abbreviated(text: str, low: int, at: int) -> bool:
    """Whether the full stop at a place, or before the line break there, belongs to an abbreviation."""
    dot = at - 1 if text[at] == "\n" else at
    return dot >= low and text[dot] == "." and _NO_BREAK.search(text, max(low, at - 12), at + 1) is not None


def seen(
    dimension: str, probe: str, card: Card, start: int, end: int, value: str = "", outcome: Outcome = Outcome.YES
) -> Evidence:
    """Evidence whose quote is text[start:end], cut to MAX_QUOTE; when there is nothing to quote, of the whole card."""
    end = min(end, start + MAX_QUOTE)
    if start >= end:
        return Evidence(dimension, probe, outcome, "", PLACE, value[:300])
    return Evidence(dimension, probe, outcome, card.text[start:end], f"{PLACE}#{start}-{end}", value[:300])


def seen_around(
    dimension: str, probe: str, card: Card, start: int, end: int, value: str = "", outcome: Outcome = Outcome.YES
) -> Evidence:
    """Evidence that quotes the sentence round text[start:end]."""
    begin, stop = sentence(card.text, start, min(end, start + MAX_QUOTE))
    return seen(dimension, probe, card, begin, stop, value, outcome)


@cache
def not_stated(probe: str, *dimensions: str) -> tuple[Evidence, ...]:
    """We read the whole card and it does not say."""
    return tuple(Evidence(dimension, probe, Outcome.NOT_STATED, "", PLACE, "") for dimension in dimensions)


def says(v: View, word: str) -> bool:
    """Whether the body holds this registered word."""
    return word in v.found


def near_words(v: View, where: Near) -> Iterator[re.Match[str]]:
    """Matches of a costly pattern in the lower-case text, looked for only near words that every match needs."""
    return matches(v.low, v.found, v.card.body_start, where)


# --- kinds of sections ---

_KINDS = {
    "intended_use": (
        r"intended|direct use|downstream use|out-of-scope|^uses?\b|use cases?|applications?\b|预期用途|适用|"
        r"usages? prévu|verwendungszweck|uso previsto"
    ),
    "training_data": (
        r"train\w*( and evaluation)? (data|corp|set)|(pre-?train\w*|fine-?tun\w*|tuning|instruct\w*) (data|"
        r"corp)|^(the )?data(sets?)?( used| sources?| mix\w*| composition| details?| overview| curation| "
        r"collection)?$|dataset used|trained on|corpus|corpora|data (sources?|mixture|composition|preparation|"
        r"curation)|训练数据|训练语料|数据集|学習データ|données d.entra|corpus d.entra|trainingsdaten|"
        r"datos de entrenamiento"
    ),
    "training_procedure": (
        r"training (procedure|details?|process|setup|regime|parameters?|configuration|config|recipe|method\w*|"
        r"hyper\w*|strategy|stages?|objective|infra\w*)|hyper-?parameters?|^(pre-?|post-?)?training$|"
        r"^(supervised )?fine-?tuning( details?| procedure| process)?$|preprocessing|how (it|this|the model) "
        r"was trained|训练(过程|细节|方法|流程)|"
        r"^entraînement|^entrenamiento|(?:procédure|procedimiento) d\w*.entr\w+|学習(手順|方法)|axolotl config"
    ),
    "evaluation": (
        r"evaluat|results?\b|benchmark|performance|metrics?\b|accuracy|leaderboard|scores?\b|testing|评测|评估|性能|"
        r"évaluation|evaluación|auswertung|ergebnisse|評価"
    ),
    "limitations": (
        r"limitation|\bbias|risks?\b|ethic|caveat|safety|out-of-scope|responsib|局限|偏见|风险|limites?\b|"
        r"einschränkung|limitacion|sesgos|制限"
    ),
    "hardware": (
        r"hardware|comput(e|ing)\b|infrastructure|environmental|carbon|emissions?|co2|training time|train\w* "
        r"(?:on )?gpus?|硬件|算力"
    ),
    "architecture": (
        r"architectur|model structure|network structure|technical spec|model config|model parameters|模型架构|"
        r"模型结构|architektur|arquitectura"
    ),
    "citation": r"cit(e|ation|ing)|bibtex|reference|引用",
    "license": r"licen[cs]|许可|协议|lizenz|licencia",
    "usage": (
        r"how to|usage|quick ?start|get(ting)? started|inference|installation|example|使用|快速|utilisation|"
        r"verwendung|uso\b"
    ),
}
_KIND = {kind: re.compile(pattern) for kind, pattern in _KINDS.items()}  # of titles in lower case
_EMPTY = re.compile(r"\[?more information needed\]?|needs more information|coming soon|\btbd\b|\btodo\b", re.I)
_EMPTY_LABEL = re.compile(  # a label with nothing behind it
    r"^[ \t*-]{0,8}\*\*[^*\n]{1,60}:\*\*(?=[ \t]*(?:\n|\[more information))", re.I | re.M
)
#: What each match of `_EMPTY` holds, and how many characters before it the match may begin.
_EMPTY_WORDS = (
    ("more information needed", 1), ("needs more information", 0), ("coming soon", 0), ("tbd", 0), ("todo", 0),
)  # fmt: skip
_EMPTY_HINTS = register("more information", "coming soon", "tbd", "todo")


def _stated(card: Card, low: str, heard: Places) -> str:
    """The text with HTML comments and placeholders blanked, place for place: what the authors state."""
    start = card.body_start
    text = without_comments(card.text, start)
    if not any(hint in heard for hint in _EMPTY_HINTS):
        return text
    found: list[tuple[int, int]] = []
    for word, before in _EMPTY_WORDS:
        at = low.find(word, start)
        while at >= 0:
            m = _EMPTY.match(text, max(start, at - before)) or _EMPTY.match(text, at)
            if m:
                found.append(m.span())
            at = low.find(word, at + len(word))
    at = text.find(":**", start)
    while at >= 0:
        m = _EMPTY_LABEL.match(text, max(text.rfind("\n", start, at) + 1, start))
        if m:
            found.append(m.span())
        at = text.find(":**", at + 3)
    return _blanked(text, sorted(found))


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    pieces: list[str] = []
    done = 0
    for start, end in spans:
        if start >= done:
            pieces += (text[done:start], " " * (end - start))
            done = end
    return "".join((*pieces, text[done:]))


class Part(NamedTuple):
    """A section with what it is about and how many words stand in it, placeholders not counted."""

    section: Section
    kinds: frozenset[str]
    words: int


_kinds_known: dict[str, frozenset[str]] = {}


def kinds_of(title: str) -> frozenset[str]:
    """What a heading announces. The few titles that make up most cards are remembered."""
    found = _kinds_known.get(title)
    if found is None:
        low = title.lower()
        found = frozenset(kind for kind, pattern in _KIND.items() if pattern.search(low))
        if len(_kinds_known) < 20_000:
            _kinds_known[title] = found
    return found


def _parts(card: Card, text: str) -> tuple[Part, ...]:
    sections = card.sections
    kinds = [kinds_of(s.title) for s in sections]
    counts = [0] * len(sections)
    above: list[int] = []
    for i, section in enumerate(sections):
        while above and sections[above[-1]].end <= section.start:
            above.pop()
        about = kinds[i]
        if not about and not any(kinds[j] for j in above):
            above.append(i)
            continue  # nobody asks how many words stand there
        stop = sections[i + 1].start if i + 1 < len(sections) else section.end
        words = count_words(text[section.body : stop])
        counts[i] += words
        for j in reversed(above):  # the words count for the sections round it too, unless it is about something else
            if about and kinds[j] and not about & kinds[j]:
                break
            counts[j] += words
            about = about or kinds[j]
        above.append(i)
    return tuple(Part(s, k, n) for s, k, n in zip(sections, kinds, counts, strict=True) if k)


def _map(parts: tuple[Part, ...]) -> tuple[tuple[int, ...], tuple[frozenset[str], ...]]:
    """Places where the innermost classified section changes, and what it is about from there on."""
    starts, kinds = [0], [frozenset[str]()]
    above: list[Part] = []
    for part in parts:
        while above and above[-1].section.end <= part.section.start:
            ended = above.pop()
            starts.append(ended.section.end)
            kinds.append(above[-1].kinds if above else frozenset())
        starts.append(part.section.start)
        kinds.append(part.kinds)
        above.append(part)
    while above:
        ended = above.pop()
        starts.append(ended.section.end)
        kinds.append(above[-1].kinds if above else frozenset())
    return tuple(starts), tuple(kinds)


class View(NamedTuple):
    """A card read for one repo."""

    card: Card
    text: str  # the card's text, comments and placeholders blanked, place for place: for looking, not for quoting
    low: str  # that in lower case, place for place
    whole: str  # the card's own text in lower case, what is blanked above included
    found: Places  # where the words stand in it that some probe looks for
    heard: Places  # where they stand in the card's own text, what is blanked above included
    links: tuple[Link, ...]  # those outside HTML comments
    parts: tuple[Part, ...]
    map: tuple[tuple[int, ...], tuple[frozenset[str], ...]]
    tuned: bool  # its first words say that it was tuned from something
    whose: Whose
    memo: dict[str, Any]  # what several probes work out, once

    @property
    def org(self) -> str:
        """As Maker."""
        return self.whose.maker().org

    @property
    def own(self) -> frozenset[str]:
        """As Maker."""
        return self.whose.maker().own

    @property
    def derived(self) -> bool:
        """As Maker."""
        return self.whose.maker().derived

    @property
    def foreign(self) -> bool:
        """As Maker."""
        return self.whose.maker().foreign

    @property
    def called_after(self) -> bool:
        """As Maker."""
        return self.whose.maker().called_after

    def kinds_at(self, place: int) -> frozenset[str]:
        """What the innermost classified sections round a place are about."""
        return self.map[1][bisect_right(self.map[0], place) - 1]

    def in_code(self, place: int) -> bool:
        """Whether the place is inside a fenced block."""
        i = bisect_right(self.card.code, place, key=lambda span: span[0])
        return i > 0 and place < self.card.code[i - 1][1]

    def is_ours(self, account: str) -> bool:
        """Whether an account on another site looks like the model's own."""
        other = squash(account)
        org = self.org
        if not org or not other:
            return False
        shorter, longer = sorted((other, org), key=len)
        return other == org or (len(shorter) > 3 and (longer.startswith(shorter) or longer.endswith(shorter)))

    def names_us(self, words: str) -> bool:
        """Whether the words hold a distinctive part of the model's name."""
        return any(_begins(word, words.lower()) for word in self.own)


def _begins(word: str, text: str) -> bool:
    """Whether the word, or one that begins with it, stands in a text: "heron" in "HeronLM", not in "chaperon"."""
    at = text.find(word)
    while at > 0 and text[at - 1].isalpha():
        at = text.find(word, at + 1)
    return at >= 0


_TUNED = (
    "fine-tun",
    "finetun",
    "fine tun",
    "instruction-tuned",
    "further trained",
    "further pre-train",
    "continued pre-train",
)
_TOP = 1_500  # characters of the body that introduce the model
_last = threading.local()  # a worker of a cluster has several threads


def view(repo: Repo, card: Card) -> View:
    """The View of this card; the last one is kept, since all probes ask for the same one in a row."""
    of: tuple[Repo, Card, View] | None = getattr(_last, "of", None)
    if of is not None and of[0] is repo and of[1] is card:
        return of[2]
    low = fold(card.text)
    whole, heard = low, places(low, card.body_start)
    found = heard
    text = _stated(card, low, heard)
    if text is not card.text:
        low = fold(text)
        found = places(low, card.body_start)
    parts = _parts(card, text)
    links = card.links if text is card.text else tuple(x for x in card.links if text[x.start] != " ")
    made = View(
        card=card,
        text=text,
        low=low,
        whole=whole,
        found=found,
        heard=heard,
        links=links,
        parts=parts,
        map=_map(parts),
        tuned=any(low.find(word, card.body_start, card.body_start + _TOP) >= 0 for word in _TUNED),
        whose=Whose(repo, card),
        memo={},
    )
    _last.of = (repo, card, made)
    return made

"""What a card says of its terms that is stricter than an open licence: a restricted licence by name or link, a limit.

Pure: card -> Evidence with the quote and its place. Looked at are the sections on the licence, and sentences anywhere
that speak of the model or its weights in another language than English. What is said of code, data or another part is
not the model's. Which licence a card names in a sentence, open ones too, is `cards.license_statement`'s question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.cards import Card
from crawler.records import Repo
from index import licenses, limit_words
from index.license_clauses import RESTRICTING, clauses
from index.license_names import restricted_name
from index.model import Dimension, Evidence
from index.probes import probe
from index.probes.card_quotes import View, near_words, not_stated, seen_around, sentence, view
from index.probes.card_siblings import of_sibling
from index.probes.card_words import near

D = Dimension
MAX_SECTION = 1_500  # characters of a section that are read
MAX_SECTIONS = 3

_OF_PART = re.compile(
    r"\b(?:code(?:base)?|datasets?|data|corpus|corpora|images|photos|tokeni[sz]er|library|software|documentation"
    r"|third[- ]party|previous|earlier|older|unlike|no longer|instead of|not under)\b"
    r"|数据|代码|\bdaten|\bdonnées|\bdatos|\bdados",
    re.IGNORECASE,
)
_OF_MODEL = re.compile(
    r"\b(?:model\w{0,3}|weights?|checkpoints?|modelo|modèle|modello|poids|pesos|gewichte)\b|模型|权重|モデル|모델|модел",
    re.IGNORECASE,
)
# Beside the clauses of licence texts: how a card's section on the licence puts them.
_LIMITS = re.compile(
    r"(?<!commercial and )(?<!commercial or )(?<!commercial/)\bnon-?\s?commercial\b"
    r"(?!\s?(?:,|and|or|&|as well|/)\s?commercial)"
    r"|\bcommercial (?:use|usage|licen[cs]es?|purposes?)\b[^.;\n]{0,60}\b(?:requires?|forbidden|prohibited|on request|"
    r"contact|permission|not|separate)\b"
    r"|\b(?:permission|contact us|(?:need|requir|obtain|request|appl|purchas|buy|acquir|get|separate)\w*"
    r"[^.;\n]{0,25}\blicen[cs]e|licen[cs]e (?:is |must be )?(?:required|needed|necessary|obtained))\b"
    r"[^.;\n]{0,30}\bfor commercial (?:use|usage|licen[cs]|purposes?)"
    r"|\blicen[cs]e for commercial (?:use|usage|purposes?)\b[^.;\n]{0,30}\b(?:required|needed|necessary|request|obtain)"
    r"|\blicen[cs]e\b[\W_]{0,8}(?:is )?(?:proprietary|custom|closed)\b"
    r"|\b(?:personal|private|evaluation|academic)(?:,| and| or)? ?(?:\w+ )?use only\b|\bfree for personal\b"
    r"|\b(?:custom|proprietary|bespoke) (?:\w+ )?licen[cs]e\b|\bresponsible ai licen|\buse restrictions\b|\bmeta licen"
    r"|\b(?:llama|gemma|falcon|rail)\b[\w .-]{0,12}(?:社区|社區)?(?:许可|許可|协议|協議)"
    r"|\b(?:available|access\w*|requested)\b[^.\n]{0,30}\b(?:upon|on|by) (?:request|e-?mail)\b",
    re.IGNORECASE,
)
_ABROAD = near(
    re.compile(f"(?:{limit_words.NON_COMMERCIAL}|{limit_words.RESEARCH_ONLY})", re.IGNORECASE),
    (*limit_words.NON_COMMERCIAL_NEEDS, *limit_words.RESEARCH_ONLY_NEEDS),
    limit=20,
    reach=80,
)


_ANOTHER_REPO = re.compile(r"\]\(https?://huggingface\.co/(?!spaces/)[\w.-]{1,96}/[\w.-]{1,96}/?\)")
_TERMS_PAGE = re.compile(r"licen[cs]|creativecommons|terms|policy|agreement|eula", re.IGNORECASE)


@probe(
    "Does the card name a restricted licence, or restrict the model, where it tells its terms?", D.LICENSE, needs="card"
)
def stated_terms(repo: Repo, card: Card) -> Iterator[Evidence]:
    v = view(repo, card)
    found = next(_found(v), None)
    if found is None:
        yield from not_stated("stated_terms", D.LICENSE)
    else:
        start, end, value = found
        yield seen_around(D.LICENSE, "stated_terms", card, start, end, value)


def _found(v: View) -> Iterator[tuple[int, int, str]]:
    """(start, end, licence or kind of limit) of each restriction that is told of the model."""
    told = [part.section for part in v.parts if "license" in part.kinds and part.words][:MAX_SECTIONS]
    for section in told:
        yield from _in_section(v, section.body, min(section.end, section.body + MAX_SECTION))
    for m in near_words(v, _ABROAD):
        begin, stop = sentence(v.text, m.start(), m.end())
        about = v.text[begin:stop]
        if not limit_words.restricts(_ABROAD.pattern, about.lower()):
            continue
        if _OF_MODEL.search(about) and not _OF_PART.search(about) and not v.in_code(m.start()):
            yield m.start(), m.end(), "use-limit"


def _in_section(v: View, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """The same within a section on the licence, sentence by sentence."""
    for link in v.links:
        told = start <= link.start < end and _TERMS_PAGE.search(link.url)
        entry = licenses.find_link(link.url) if told else None
        if entry is not None and entry.conformant == "no" and _of_model(v, link.start, link.end):
            yield link.start, link.end, entry.id
    text = v.text[start:end]
    if restricted_name(text) is not None:
        for m in re.finditer(r"[^\n.;。]+(?:\.(?=\d)[^\n.;。]+)*", text):
            entry = restricted_name(m[0])
            if entry is not None and _of_model(v, start + m.start(), start + m.end()):
                yield start + m.start(), start + m.end(), entry.id
    for m in _LIMITS.finditer(text):
        if _of_model(v, start + m.start(), start + m.end()) and _limits(text, m):
            yield start + m.start(), start + m.end(), "use-limit"
    for clause in clauses(text):
        if clause.kind in RESTRICTING and _of_model(v, start + clause.start, start + clause.end):
            yield start + clause.start, start + clause.end, clause.kind


def _limits(text: str, m: re.Match[str]) -> bool:
    """Whether the line round a match still limits the use without words in it that deny a limit."""
    begin, stop = sentence(text, m.start(), m.end())
    return limit_words.restricts(_LIMITS, text[begin:stop])


def _of_model(v: View, start: int, end: int) -> bool:
    """Whether a sentence in a section on the licence is not of code, data or something else alone."""
    begin, stop = sentence(v.text, start, min(end, start + 200))
    about = v.text[begin:stop]
    if of_sibling(v, about):
        return False
    of_other = _OF_PART.search(about) or _ANOTHER_REPO.search(about)
    return not v.in_code(start) and (of_other is None or _OF_MODEL.search(about) is not None)

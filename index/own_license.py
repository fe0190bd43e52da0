"""A repo's own licence, and what the README's front matter adds to the listing: declarations and texts. Pure.

What the Hub's listing declares, what the front matter of the stored README declares and what the licence files say are
all statements; the most restrictive counts, and one that we cannot read leaves the licence unknown. A licence file that
was not fetched yet says nothing, unless its very name names a restricted licence. Fetches nothing; knows no licence by
itself (`licenses.py`, `license_texts.py`) and does not look at ancestors (`lineage.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from crawler.cards import Card, parse
from crawler.records import Base, Repo, declared_bases, declared_license
from index import license_texts, licenses
from index.families import family_of, terms_on
from index.license_clauses import RESTRICTING
from index.licenses import License
from index.lineage import candidates
from index.model import Dimension, Evidence, Outcome
from index.probes import alike

README = "README.md"
MAX_QUOTE = 200
#: Why a document that we asked for was not read, where that leaves open what it says. 'missing': there is none, or, of
#: a file that the list shows, the list and the look contradict each other.
UNREAD = frozenset({"too-large", "error", "gated", "gone", "moved", "unreadable"})


class Text(NamedTuple):
    """A document of a repo. `body` None: not read, `outcome` says why (missing, gated, error, unreadable...)."""

    path: str
    outcome: str
    body: bytes | None


class OwnLicense(NamedTuple):
    """A repo's own licence: what it is judged as, the words and the place it rests on, the evidence."""

    license: License
    said: str
    place: str
    evidence: tuple[Evidence, ...]


def read_card(texts: Sequence[Text]) -> tuple[Card | None, str]:
    """The parsed card, or why there is none ('' = it was never asked for)."""
    for text in texts:
        if text.path == README:
            if text.body is None:
                return None, text.outcome
            return (_parsed if len(text.body) <= alike.MAX_BYTES else parse)(text.body), ""
    return None, ""


_parsed = lru_cache(maxsize=alike.KEPT)(parse)  # a Hub has the same short README in very many repos


# ------------------------------------------------------------------------------------------------ front matter

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})  # YAML's nothing; the card's reader gives words only


def _front_matter(card: Card | None) -> dict[str, Any]:
    """Front matter as the listing would show it: keys that are given and empty are left out."""
    return {} if card is None else _given(card.front_matter)


def _given(data: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in data.items() if not (isinstance(v, str) and v.strip() in _NULLS)}


def _place(card: Card, key: str) -> tuple[str, str]:
    """(the words of a key of the front matter, where they stand), to the end of its value."""
    found = re.search(
        rf"^[\"']?{re.escape(key)}[\"']?[ \t]*:[^\n]*(?:\n[ \t-][^\n]*)*", card.text[: card.body_start], re.MULTILINE
    )
    if found is None or found[0].startswith("---"):
        return key, README
    quote = found[0].partition("\n---")[0].rstrip()[:MAX_QUOTE]
    return quote, f"{README}#{found.start()}-{found.start() + len(quote)}"


def stated_bases(bases: Sequence[Base], front_matter: dict[str, Any]) -> tuple[Base, ...]:
    """The bases that a README's front matter declares and the listing (`bases`) does not, by name."""
    stated = declared_bases(None, _given(front_matter)) if front_matter else ()
    if not stated:
        return ()
    known = {way.casefold() for base in bases for way in candidates(base.repo_id)}
    more = [base for base in stated if known.isdisjoint(way.casefold() for way in candidates(base.repo_id))]
    return tuple(Base(base.relation, base.repo_id, "card") for base in sorted(more, key=lambda base: base.repo_id))


def with_card_bases(repo: Repo, card: Card | None) -> tuple[Repo, tuple[Evidence, ...]]:
    """The repo with the bases that its README's front matter declares and the listing does not; the evidence."""
    more = stated_bases(repo.bases, card.front_matter) if card is not None else ()
    if card is None or not more:
        return repo, ()
    data = _front_matter(card)
    key = next((k for k in data if re.fullmatch(r"base[ _-]?models?|model[ _-]?base", k, re.IGNORECASE)), "base_model")
    quote, place = _place(card, key)
    evidence = tuple(
        Evidence(Dimension.BASE_WEIGHTS, "card_base", Outcome.YES, quote, place, base.repo_id) for base in more
    )
    return msgspec.structs.replace(repo, bases=(*repo.bases, *more)), evidence


class _Declared(NamedTuple):
    """A declaration understood: the licence, the words that decided, where they stand."""

    license: License
    said: str
    place: str


def _listed(repo: Repo) -> _Declared:
    resolution = licenses.resolve(repo.license, repo.license_name, _foreign(repo, repo.license_link))
    return _Declared(resolution.license, *_declaration(repo, resolution))


def _declaration(repo: Repo, resolution: licenses.Resolution) -> tuple[str, str]:
    """The words of the metadata that decided, and their field."""
    if resolution.basis == "name" and repo.license_name:
        return repo.license_name, "cardData.license_name"
    if resolution.basis == "link" and repo.license_link:
        return repo.license_link, "cardData.license_link"
    tagged = any(t.startswith("license:") for t in repo.tags or ())
    return repo.license or "", "tags" if tagged or not repo.license else "cardData.license"


def _in_card(repo: Repo, card: Card | None) -> tuple[_Declared, str] | None:
    """What the README's front matter declares, with its key; None when it says nothing that the listing does not."""
    data = _front_matter(card)
    ids = declared_license(None, data) if data else None
    name, link = (_word(data, f"license_{part}") or _word(data, f"license-{part}") for part in ("name", "link"))
    told = {part.strip() for part in (repo.license or "").split(",")}
    new_ids = ids is not None and not {part.strip() for part in ids.split(",")} <= told
    new_name, new_link = name not in (None, repo.license_name), link not in (None, repo.license_link)
    if card is None or not (new_ids or new_name or new_link):
        return None
    resolution = licenses.resolve(ids, name, _foreign(repo, link))
    key = "license" if new_ids else "license_name" if new_name else "license_link"
    if resolution.basis in ("name", "link"):
        key = f"license_{resolution.basis}"
    return _Declared(resolution.license, *_place(card, key)), key


def _word(data: dict[str, Any], key: str) -> str | None:
    value = data.get(key)
    return value.strip() or None if isinstance(value, str) else None


_ON_A_HOST = re.compile(
    r"(?:https?://)?(?:www\.)?(?P<host>huggingface\.co|hf\.co|github\.com)/(?P<owner>[\w.-]+)/(?P<name>[\w.-]+)"
    r"(?:/(?:blob|resolve|raw|tree)/[^/?#]+(?:/(?P<path>[^?#]*))?)?/?(?:[?#].*)?",
    re.IGNORECASE,
)


def _foreign(repo: Repo, link: str | None) -> str | None:
    """A `license_link` as `licenses.resolve` reads it: one to the repo's own files is made relative.

    A licence file of a declared base, or of another repo of the same owner, is no statement of its own: a base's
    licence binds by lineage.
    """
    if not link or (found := _ON_A_HOST.fullmatch(link.strip()[:500])) is None or licenses.find_link(link) is not None:
        return link
    owner, name = found["owner"].casefold(), f"{found['owner']}/{found['name']}".casefold()
    path = found["path"] or README
    if "github" not in found["host"].lower() and name == repo.repo_id.casefold():
        return path
    ours = owner == (repo.author or repo.repo_id.partition("/")[0]).casefold()
    if ours or any(name == base.repo_id.casefold() for base in repo.bases):
        return path if licenses.is_own_file(path) else link
    return link


def _declarations(repo: Repo, card: Card | None) -> tuple[_Declared, tuple[Evidence, ...]]:
    """The licence that listing and README declare, the more restrictive of the two, with evidence of the README's."""
    listed, in_card = _listed(repo), _in_card(repo, card)
    if in_card is None:
        return listed, ()
    said, key = in_card
    evidence = Evidence(Dimension.LICENSE, "card_license", Outcome.YES, said.said, said.place, said.license.id)
    silent = repo.tags is None and repo.card_data is None  # the listing did not show what it declares
    if silent and listed.license is licenses.NO_LICENSE:
        return said, (evidence,)
    if said.license is licenses.NO_LICENSE:
        return listed, ()
    worse = licenses.binding(listed.license, [said.license])
    return (listed if worse is listed.license else said), (evidence._replace(value=said.license.id or key),)


# ------------------------------------------------------------------------------------------------- own licence

# Names of files that name a restricted licence themselves; `llama.cpp` and its like are programs.
_RESTRICTED_NAME = re.compile(
    r"^(?=[^\n]*(?:licen[cs]e|terms|policy|agreement|eula|copying))[^\n]*"
    r"(?:llama(?![ ._-]?(?:cpp|file|factory|index))|gemma|open[ ._-]?rail|(?<![a-z])rail|tongyi|qianwen|eula"
    r"|non[ ._-]?commercial|(?<![a-z])nc(?![a-z])|research[ ._-]?only|(?:use|usage|uses)[ ._-]?policy)[^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
_NO_TEXT = re.compile(
    r"\.(?:py|json|ya?ml|toml|safetensors|bin|pth?|ckpt|gguf|onnx|h5|pkl|npz|zip|msgpack|png|jpe?g|svg|parquet|csv|jsonl"
    r"|ipynb)$",
    re.IGNORECASE,
)
_THIRD_PARTY = re.compile(r"third|3rd|notice|depend|vendor", re.IGNORECASE)


def restricted_names(paths: Sequence[str]) -> list[str]:
    """Those of a repo's files whose names say that they hold a restricted licence."""
    names = "\n".join(path.rpartition("/")[2] for path in paths)
    found = {match[0] for match in _RESTRICTED_NAME.finditer(names)}
    return [p for p in paths if p.rpartition("/")[2] in found and not _NO_TEXT.search(p)] if found else []


def own_license(repo: Repo, texts: Sequence[Text], card: Card | None = None) -> OwnLicense:
    """A repo's own licence: its declarations, and the licence texts in it. The most restrictive of them counts.

    A text alone decides where the declarations say nothing that we know. A licence file that was read and is no licence
    that we know, or is listed and could not be read, leaves the licence unknown; so does an open one on a family's own
    weights that families.toml knows under other terms. `card`: where the README is already parsed.
    """
    declared, evidence = _declarations(repo, card or read_card(texts)[0])
    license, said, place = declared
    papers: list[tuple[License, str, str]] = []
    for text in texts:
        listed = text.path in (repo.files or ())
        if text.path == README or (text.body is None and text.outcome not in UNREAD and not listed):
            continue
        found, known, against = _read(text, license)
        evidence += (found,)
        if against:
            evidence += (found._replace(probe="license_text_conflict", outcome=Outcome.YES, value=against),)
        if known is not None:
            papers.append((known, found.quote, found.place))
    if papers:
        known = licenses.most_restrictive(paper[0] for paper in papers)
        silent = license.conformant == "unknown" or license is licenses.NO_LICENSE
        judged = known if silent else licenses.binding(license, [known])
        if judged is not license:
            license, said, place = next(paper for paper in papers if paper[0] is judged)
    if license.is_conformant:
        link = repo.license_link or ""
        read = {place.partition("#")[0] for known, _, place in papers if known is not licenses.UNKNOWN}
        named = [path for path in restricted_names((*(repo.files or ()), link)) if path not in read]
        for path in named[:1]:
            where = "siblings" if path != link else "cardData.license_link"
            evidence += (Evidence(Dimension.LICENSE, "license_file_name", Outcome.YES, path, where, path),)
            license, said, place = licenses.UNKNOWN, path, where
    terms = terms_on(repo.repo_id) if license.is_conformant else ""
    if terms:  # a permissive tag on weights that their makers give under other terms: somebody errs, who is not known
        where = f"{family_of(repo.repo_id)}: {terms}"
        evidence += (Evidence(Dimension.LICENSE, "family_terms", Outcome.YES, repo.repo_id, "id", where),)
        license, said, place = licenses.UNKNOWN, repo.repo_id, "id"
    return OwnLicense(license, said, place, evidence)


@lru_cache(maxsize=512)
def _recognised(body: bytes) -> license_texts.Match:
    return license_texts.recognise(body.decode("utf-8", "replace"))


_STATES = re.compile(
    r"(?:(?:this|the|all|these) (?:\w+ ){0,3}?(?:is|are) )?(?:(?:licensed|released|distributed|available) under )?"
    r"(?:the )?(?:terms of the )?(?P<name>[^.;:\n]{2,60}?(?:\d\.\d)?)\.?",
    re.IGNORECASE,
)


def _echo(written: str) -> License | None:
    """The licence that a file of a line names without giving its text: 'MIT', 'This model is licensed under ...'."""
    lines = [line.strip(" #*_\t") for line in written.strip()[:400].splitlines() if line.strip(" #*_-\t")]
    said = " ".join(line for line in lines if not re.match(r"(?:copyright|\(c\)|©)", line, re.IGNORECASE))
    found = _STATES.fullmatch(said) if len(said) < 200 else None
    return (licenses.find(said) or licenses.find(found["name"])) if found else None


def _read(text: Text, declared: License) -> tuple[Evidence, License | None, str]:
    """(what a licence file is, as a licence or None, the conflict with what is declared as a sentence or '')."""
    if text.body is None:
        found = Evidence(Dimension.LICENSE, "license_text", Outcome.UNAVAILABLE, "", text.path, text.outcome)
        return found, licenses.UNKNOWN, ""
    match = _recognised(text.body)
    written = text.body.decode("utf-8", "replace")
    against = license_texts.conflict(declared, match) or ""
    if match.license_id is not None:
        known = licenses.catalogue()[match.license_id]
        return _license_text(text, written, match.quotes, Outcome.YES, known.id), known, against
    if match.method == "modified":
        return _license_text(text, written, match.quotes, Outcome.NO, "modified"), licenses.UNKNOWN, against
    for clause in license_texts.clauses(written):
        if clause.kind in RESTRICTING:
            against = f"declared {declared.id}, but {text.path} has a clause: {clause.kind}"
            found = _license_text(text, written, (clause.quote,), Outcome.NO, clause.kind)
            return found, licenses.UNKNOWN, against if declared.is_conformant else ""
    found = _license_text(text, written, (), Outcome.NOT_STATED, "")
    echoed = _echo(written)
    if echoed is not None and (echoed is declared or (echoed.restriction and echoed.kind != "special")):
        return found._replace(outcome=Outcome.YES, value=echoed.id), echoed, ""
    return found, None if _THIRD_PARTY.search(text.path) else licenses.UNKNOWN, ""


def _license_text(text: Text, written: str, quotes: Sequence[str], outcome: Outcome, value: str) -> Evidence:
    """Evidence that quotes a licence file, by the first of the quotes or the file's first words."""
    quote = (quotes[0] if quotes else written.strip()[:80])[:MAX_QUOTE]
    at = written.find(quote)
    place = f"{text.path}#{at}-{at + len(quote)}" if at >= 0 else text.path
    return Evidence(Dimension.LICENSE, "license_text", outcome, quote, place, value)

"""A verdict in sentences: what a level means for this model, why it is not higher, what would raise it. Pure.

Repeats what the rules concluded and what the licence catalogue knows; concludes nothing itself. Language: English.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from index import licenses
from index.model import Dimension, Outcome, Restriction, Value
from index.rows import Ancestor, Cell, License, Model, Page, Proof

D, R = Dimension, Restriction

#: Restrictions that come from a licence, as a person would put them.
LICENCE_WORDS = {
    R.NON_COMMERCIAL: "non-commercial licence",
    R.NO_DERIVATIVES: "licence that forbids changed versions",
    R.USE_RESTRICTED: "licence that restricts the field of use",
    R.COMMUNITY: "community licence",
    R.NO_LICENSE: "no licence stated",
    R.UNKNOWN_LICENSE: "a licence that we cannot read",
}
#: The others.
OTHER_WORDS = {
    R.DISABLED: "the Hub disabled the repository",
    R.NO_WEIGHTS: "the complete file list has no weights",
    R.MANUAL_APPROVAL: "somebody approves each reader by hand",
    R.CLICK_THROUGH: "click-through access",
    R.UNKNOWN_WEIGHTS: "not all of its weights were seen",
    R.UNKNOWN_ACCESS: "whether it is gated was not shown",
    R.UNREADABLE: "what the Hub shows of it now could not be read",
    R.UNKNOWN_BASE: "a base model that cannot be judged",
    R.DOCUMENTATION: "documentation not shown in full",
    R.CODE_AND_DATA: "code and data not shown in full",
    R.COMPLETENESS: "not shown to be complete",
}
#: What each level asks of the 14 characteristics beyond the level below.
ASKED = {
    R.DOCUMENTATION: ("L4", (D.MODEL_CARD, D.ARCHITECTURE, D.PREPRINT, D.BASE_DATA, D.END_DATA)),
    R.CODE_AND_DATA: (
        "L5",
        (D.TRAINING_CODE, D.LICENSE, D.BASE_DATA, D.END_DATA, D.BASE_WEIGHTS, D.END_WEIGHTS),
    ),
    R.COMPLETENESS: ("L6", (D.DATASHEET, D.CODE_DOCS, D.PREPRINT)),  # and checkpoints, which no cell tells of
}
#: What is excluded where no cell says why, and what can be closed, in words.
_EXCLUDED = {
    R.DOCUMENTATION: "documentation excluded",
    R.CODE_AND_DATA: "open code and data excluded",
    R.COMPLETENESS: "completeness excluded",
}
_CLOSED = {
    D.BASE_DATA: "training data",
    D.END_DATA: "training data",
    D.BASE_WEIGHTS: "weights",
    D.END_WEIGHTS: "weights",
    D.TRAINING_CODE: "training code",
    D.CODE_DOCS: "documentation of the code",
    D.DATASHEET: "data sheet",
    D.MODEL_CARD: "model card",
    D.LICENSE: "licence",
}
_SILENT = frozenset({"", "none", "unknown", "not-checked", "no permission stated"})


class Hindrance(NamedTuple):
    """One thing that keeps a model from a higher level, and what would take it away."""

    why: str
    remedy: str


def in_words(model: Model, effective: License | None) -> str:
    """'restricted: community licence, 700 million user threshold, click-through access'. `effective`: its licence."""
    if model.level is None:
        return "not judged"
    parts = list(_access(model)) if model.level in ("L0", "L1") else []
    parts += _licence_parts(model, effective)
    if model.level not in ("L0", "L1"):
        parts += _access(model)
    own = _restriction(model)
    excluded = exclusion(model)
    if excluded:
        parts.append(excluded)
    elif own in OTHER_WORDS and OTHER_WORDS[own] not in parts:
        parts.insert(0 if model.level == "L0" else len(parts), OTHER_WORDS[own])
    # A low level that rests on what was not shown is no finding against the model: it must not sound like one.
    proved = ", as far as is proved" if model.level <= "L2" and (model.level_max or "") > model.level else ""
    return f"{model.level_name}{proved}: {', '.join(parts)}" if parts else f"{model.level_name}{proved}"


def grounds(model: Model, effective: License | None) -> tuple[str, ...]:
    """Why a model cannot be open source (L5), gravest first: ('click-through access', 'training data closed').

    That is why `level_max` is what it is, which the restriction does not say where the level is lower than that.
    () where nothing excludes it, or what does is not published. `effective`: the licence that binds it.
    """
    top = model.level_max or "L6"
    if top >= "L5":
        return ()
    if top >= "L3":
        asked = {
            d for r in (R.DOCUMENTATION, R.CODE_AND_DATA) for d in ASKED[r][1] if top == "L3" or r != R.DOCUMENTATION
        }
        closed = tuple(f"{words} closed" for words in _closed(model, asked))
        return closed or ((_EXCLUDED[R.DOCUMENTATION if top == "L3" else R.CODE_AND_DATA]),)
    own = _restriction(model) if model.level == top else None
    found = [own] if own else []
    gate = {"manual": R.MANUAL_APPROVAL, "auto": R.CLICK_THROUGH}.get(model.gated or "")
    terms = _restriction(model._replace(restriction=effective.restriction)) if effective else None
    if effective is not None and effective.conformant == "no" and (terms is not R.NO_LICENSE or not found):
        found.append(terms or R.UNKNOWN_LICENSE)
    found += [gate] if gate else []
    if not found and model.license_effective is None:
        found.append(R.NO_LICENSE)
    words = LICENCE_WORDS | OTHER_WORDS
    return tuple(dict.fromkeys(words[r] for r in found if r in words))


def exclusion(model: Model) -> str:
    """'training data closed, training code closed', when that keeps the next level out; '' when it does not."""
    own = _restriction(model)
    if own not in _EXCLUDED or model.level is None or model.level != model.level_max:
        return ""
    return ", ".join(f"{words} closed" for words in _closed(model, ASKED[own][1])) or _EXCLUDED[own]


def _closed(model: Model, asked: Collection[Dimension]) -> list[str]:
    """What is asked for and closed: 'training data'."""
    letters = dict(zip(D, model.cells or "", strict=False))
    closed = [_CLOSED.get(d, str(d).replace("_", " ")) for d in D if d in asked and letters.get(d) == "c"]
    return list(dict.fromkeys(closed))


def interval(model: Model) -> str:
    """'proved L2, not excluded L3': between which levels the truth lies."""
    if model.level is None or model.level_max is None:
        return "not judged"
    if model.level == model.level_max:
        return f"proved {model.level}; anything higher is excluded" if model.level < "L6" else "proved L6"
    return f"proved {model.level}, not excluded {model.level_max}"


def threshold(words: str) -> str:
    """'700 million user threshold' out of the catalogue's words; '' when there is none or it was not checked."""
    if words in _SILENT:
        return ""
    users = re.search(r"(\d+)\s*(million|M)\b[^;]*?(users|MAU)", words)
    if users:
        return f"{users[1]} million user threshold"
    money = re.search(r"USD\s?(\d+)\s?(M|B)\b", words)
    if money:
        return f"USD {money[1]} {'million' if money[2] == 'M' else 'billion'} revenue threshold"
    return f"threshold: {words}"


def licence_facts(license: License) -> tuple[tuple[str, str], ...]:
    """What the catalogue knows that a reader should too, as (what, words); silent fields are left out."""
    fields = (
        ("terms conform to the Open Source AI Definition", license.conformant),
        ("approved by OSI", license.osi_approved),
        ("commercial use", license.commercial_use),
        ("changed versions", license.derivatives),
        ("threshold", license.user_threshold),
        ("field of use", license.field_of_use),
        ("naming", license.naming_duty),
        ("training other models", license.output_training),
        ("territory", license.territory),
    )
    return tuple((what, words.replace("-", " ")) for what, words in fields if words and words not in _SILENT)


def hindrances(page: Page) -> tuple[Hindrance, ...]:
    """Why the level is not higher and what would raise it, gravest first; () at the top level."""
    if page.model.level is None:
        return (Hindrance("It has not been judged.", "Run `openness judge`."),)
    found = tuple(_hindrances(page))
    if found or page.model.level == "L6":
        return found
    own = _restriction(page.model)
    words = (OTHER_WORDS | LICENCE_WORDS).get(own, page.model.restriction or "") if own else ""
    why = f"Not shown to be more: {words}." if words else "Not shown to be more."
    return (Hindrance(why, "Publish it and link it from the card."),)


def _hindrances(page: Page) -> Iterator[Hindrance]:
    model, own = page.model, _restriction(page.model)
    if own is R.DISABLED:
        yield Hindrance("The Hub disabled the repository.", "The Hub would have to enable it again.")
    if own is R.NO_WEIGHTS:
        yield Hindrance("Its complete file list has no weights.", "Publish the weights in the repository.")
    if own is R.UNKNOWN_WEIGHTS:
        yield Hindrance("Not all of its weights were seen in its file list.", "A listing that shows every file.")
    if model.gated == "manual":
        yield Hindrance("Somebody approves each reader by hand.", "Let everyone download without being approved.")
    elif model.gated == "auto":
        yield Hindrance("Terms must be clicked before the download.", "Let everyone download without a click.")
    elif own is R.UNKNOWN_ACCESS:
        yield Hindrance("Whether it is gated was not shown.", "A listing that says whether it is gated.")
    yield from _licence_hindrance(page, own)
    if not model.id.isprintable():
        why = "Its name has characters that nobody sees: it can pass for another's."
        yield Hindrance(why, "A name whose every letter can be seen.")
    elif own is R.UNREADABLE:
        why = "Its row in the Hub's listing could not be read any more; all that is known of it is older."
        yield Hindrance(why, "A row that can be read; then it is judged again by itself.")
    yield from _base_hindrance(page, own)
    if own in ASKED:
        yield _asked_hindrance(page, own)
    elif model.level_max in ("L3", "L4"):  # what would still hold it down if all of the above were mended
        found = [words for words in grounds(model, page.license_effective) if words not in _EXCLUDED.values()]
        if found:
            above = f"Anything above {model.level_max} is excluded: {', '.join(found)}."
            yield Hindrance(above, "Publish what is closed, and link it from the card.")


def _base_hindrance(page: Page, own: Restriction | None) -> Iterator[Hindrance]:
    """Bases that hold it down unseen: those that card, name or configuration speak of, and those that nobody judged."""
    spoken = list(_spoken_bases(page)) if (page.model.level or "") <= "L2" else []
    for why in spoken:
        yield Hindrance(why, "Declare the base in the card's field `base_model`: its licence binds.")
    unknown = [a.id for a in page.ancestors if a.level is None]
    if own is R.UNKNOWN_BASE and (unknown or not spoken):
        named = f"Its base model {unknown[0]} is not known or not judged." if unknown else "A base model is not known."
        yield Hindrance(named, "Name every base model in the card, each one on the Hub.")


def _spoken_bases(page: Page) -> Iterator[str]:
    """Each restricted base that is spoken of and not declared, with the words that do, the same words once."""
    quoted = set[str]()
    for p in _proofs(page, "stated_base_terms", "stated_base_license", "hidden_terms"):
        if (
            p.dimension == D.BASE_WEIGHTS and p.quote not in quoted
        ):  # 'Llama 2: llama2', after the probe's name where it was hidden
            quoted.add(p.quote)
            family, _, terms = p.value.removeprefix("stated_base_terms: ").rpartition(": ")
            yield f'The card speaks of a base that is not declared, {family} under {terms}: "{p.quote}".'
    for p in _proofs(page, "suspected_base"):
        what = "Its name speaks" if p.place == "id" else "The kind of its configuration speaks"
        yield f'{what} of a base that is not declared, {p.value}: "{p.quote}".'


def _asked_hindrance(page: Page, own: Restriction) -> Hindrance:
    level, asked = ASKED[own]
    reviewed = any(c.dimension == D.PAPER and c.value == Value.OPEN for c in page.cells)  # is a report too
    done = {D.PREPRINT} if own is R.COMPLETENESS and reviewed else set()
    lacking = [c for c in page.cells if c.dimension in asked and c.dimension not in done and c.value != Value.OPEN]
    excluded = exclusion(page.model)
    if excluded:
        open_yet = [c for c in lacking if c.value != Value.CLOSED]
        also = f" Not shown in full either: {_named(open_yet)}." if open_yet else ""
        closed = ", ".join(_closed(page.model, asked))
        why = f"What {level} asks for is closed: {closed}." if closed else f"{level}: {excluded}."
        return Hindrance(why + also, "Publish what is closed, and link it from the card.")
    checkpoints = own is not R.COMPLETENESS or any(_proofs(page, "intermediate_checkpoints"))
    left = [_named(lacking), "" if checkpoints else "checkpoints from during the training (unknown)"]
    cells = ", ".join(filter(None, left))
    return Hindrance(
        f"What {level} asks is not shown" + (f": {cells}." if cells else " in full."),
        "Publish it and link it from the card.",
    )


def _named(cells: Iterable[Cell]) -> str:
    return ", ".join(f"{c.title.lower()} ({c.value})" for c in cells)


def _licence_hindrance(page: Page, own: Restriction | None) -> Iterator[Hindrance]:
    model, license = page.model, page.license_effective
    against = _against(page) if (model.level or "") <= "L2" else None
    if against and not model.license and license is not None and license.restriction == R.NO_LICENSE:
        why = f'No licence is declared, and words of the card or of a file restrict its use: "{against.quote}".'
        yield Hindrance(why, "State a licence in the card's field `license`.")
        return
    if own is R.UNKNOWN_LICENSE and license is not None and license.restriction == R.NO_LICENSE:
        file = _seen_file(page, "license_files")
        what = f"the terms in {file} are" if file else "what its card says of one is"
        why = f"No licence is declared, and {what} not known to us."
        yield Hindrance(why, "Name the licence in the card's field `license`.")
        return
    if license is None or license.restriction == R.NO_LICENSE:
        if model.license_effective is None or own is R.NO_LICENSE:
            yield Hindrance("No licence is stated.", "State a licence in the card's field `license`.")
        elif license is None and own is R.UNKNOWN_LICENSE:
            yield Hindrance(f"Its licence {model.license_effective} is not in our catalogue.", "A licence we can read.")
        return
    if license.restriction == R.UNKNOWN_LICENSE:
        yield _unread_hindrance(page, license, against)
    elif license.conformant == "no":
        terms = ", ".join(_licence_parts(model, license))
        source = inherited_from(page)
        if source:
            why = f"The licence {license.id} of its base {source} binds it too: {terms}."
            yield Hindrance(why, f"A licence that allows every use on {source}, or another base model.")
        else:
            why = f"Its licence {license.id} does not allow every use: {terms}."
            yield Hindrance(why, "A licence that allows every use, such as apache-2.0 or mit.")
    elif against:
        yield _said_otherwise(license.id, against)
    elif own is R.UNKNOWN_LICENSE:
        yield Hindrance(f"Something beside the tag {license.id} could not be read.", "A card that everybody can read.")


def _unread_hindrance(page: Page, license: License, against: Proof | None) -> Hindrance:
    """What keeps a licence from being known: a file beside the tag, words against it, or the licence itself."""
    model, file = page.model, _seen_file(page, "license_file_name")
    if file and model.license:
        why = f"{file}, a file beside {model.license}, may restrict the use, and we have not read it."
        return Hindrance(why, f"Leave {file} out, or say in `license_name` what holds.")
    shut = next((p.place for c in page.cells for p in c.evidence if _unread_license(p)), "")
    if shut and model.license:
        why = f"{shut}, a file beside {model.license}, may restrict the use, and it could not be read."
        return Hindrance(why, f"Leave {shut} out, or let everybody read it.")
    declared = licenses.find(model.license)
    if against and declared and declared.is_conformant:
        return _said_otherwise(declared.id, against)
    said = model.license_name or model.license or license.id
    remedy = "Name a known licence in `license`, or in `license_name` and link it."
    return Hindrance(f"Its licence ({said}) cannot be read.", remedy)


def _said_otherwise(tag: str, against: Proof) -> Hindrance:
    why = f'The tag says {tag}; words of the card or of a file beside it say otherwise: "{against.quote}".'
    return Hindrance(why, "Say one and the same licence in the tag, the card and the files.")


def _seen_file(page: Page, probe: str) -> str:
    """The first file that a probe of the licence saw; '' when it saw none."""
    proofs = (p for c in page.cells for p in c.evidence if p.probe == probe and p.outcome == Outcome.YES)
    return next((p.quote for p in proofs if p.quote), "")


#: What speaks against a licence tag: in this order, as the rule of the cell reads it.
_AGAINST = ("license_text_conflict", "use_restriction", "stated_terms", "hidden_terms", "license_statement")


def _against(page: Page) -> Proof | None:
    """The words that speak against the licence tag: never a sentence that names an open licence, or only a base."""
    for p in _proofs(page, *_AGAINST):
        open_or_unknown = p.probe == "license_statement" and licenses.find_restricted(p.value) is None
        if p.dimension == D.LICENSE and not open_or_unknown:
            return p
    return None


def _proofs(page: Page, *probes: str) -> Iterator[Proof]:
    """What these probes saw of the model itself, with words to quote, in the order of the probes."""
    seen = [p for c in page.cells for p in c.evidence if p.outcome == Outcome.YES and p.quote]
    for probe in probes:
        yield from (p for p in seen if p.probe == probe and not p.place.startswith("base:"))


def _unread_license(proof: Proof) -> bool:
    return proof.probe == "license_text" and proof.outcome == Outcome.UNAVAILABLE


def inherited_from(page: Page) -> str | None:
    """The nearest declared ancestor whose licence the effective one is; None when it is the model's own."""
    wanted = page.model.license_effective
    if wanted is None or wanted in (page.model.license or "").split(", "):
        return None
    level: tuple[Ancestor, ...] = page.ancestors
    while level:
        for ancestor in level:
            if ancestor.base_license == wanted:
                return ancestor.id
        level = tuple(a for above in level for a in above.ancestors)
    return None


def _licence_parts(model: Model, license: License | None) -> list[str]:
    if license is None:
        own = _restriction(model)
        return [LICENCE_WORDS[own]] if own in LICENCE_WORDS else []
    if license.conformant in ("yes", "conformant-not-approved"):
        everywhere = f"{license.id} on it and on every declared ancestor" if model.base_model else license.id
        if _restriction(model) is R.UNKNOWN_LICENSE:
            return [f"words of the card or a file against {license.id}"]
        return [everywhere] if (model.level or "") >= "L3" else []
    if license.restriction == R.NO_LICENSE and _restriction(model) is R.UNKNOWN_LICENSE:
        return [LICENCE_WORDS[R.UNKNOWN_LICENSE]]  # there is one, only not where licences are declared
    declared = licenses.catalogue().get(model.license or "")
    if license.restriction == R.UNKNOWN_LICENSE and not model.license_name and declared and declared.is_conformant:
        return [f"terms beside {declared.id} that we have not read"]
    try:
        parts = [LICENCE_WORDS[R(license.restriction or "")]]
    except (ValueError, KeyError):
        parts = [f"licence {license.id}"]
    limit = threshold(license.user_threshold or "")
    return [*parts, limit] if limit else parts


def _access(model: Model) -> Iterator[str]:
    if model.gated == "manual":
        yield OTHER_WORDS[R.MANUAL_APPROVAL]
    elif model.gated == "auto":
        yield OTHER_WORDS[R.CLICK_THROUGH]


def _restriction(model: Model) -> Restriction | None:
    try:
        return R(model.restriction) if model.restriction else None
    except ValueError:  # written by newer rules than these
        return None

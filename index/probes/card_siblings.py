"""Whether a sentence of a card speaks of another model of the same line alone: "the 30b model is for research only".

Pure. Another model is told by its size or by a part of its name; where the sentence names this model too, or "all",
"our", "these", it is this model's. A model whose name gives no size has no sibling that we can tell.
"""

from __future__ import annotations

import re

from index.probes.card_quotes import View

_NUMBER = r"(?:\d+x)?\d+(?:\.\d+)?[bm](?![a-z\d])"
_SIZE = re.compile(rf"(?<![\w.]){_NUMBER}")
_THE_SIZE = re.compile(rf"\bthe (?P<size>{_SIZE.pattern}) (?:models?|versions?|variants?)\b")
_NAMED_WITH = re.compile(r"\bmodels? with [\"'`*“]{0,2}-?(?P<part>\w{1,12})[\"'`*”]{0,2} in (?:the|their|its) names?\b")
_OURS = re.compile(r"\b(?:this|our|these|all|both|every|each|any)\b|本|此|所有")


def of_sibling(v: View, about: str) -> bool:
    """Whether a sentence of this card is of another model of its line alone."""
    said = about.lower()
    with_part = _NAMED_WITH.search(said)
    if (with_part is None and re.search(_NUMBER, said) is None) or _OURS.search(said):
        return False
    own = v.whose.repo().repo_id.rpartition("/")[2].lower()
    stem = re.match(r"[a-z]{3,}", own)
    if own in said or stem is None:
        return False
    if with_part is not None:
        return with_part["part"] not in re.split(r"[-_.]", own)
    sizes = frozenset(_SIZE.findall(re.sub(r"[-_]", " ", own)))
    named = re.findall(rf"(?<![\w/.-]){stem[0]}[a-z]*[-_ ]?{_NUMBER}", said)
    told = [size for name in named for size in re.findall(_NUMBER, name)]
    told += [found["size"] for found in _THE_SIZE.finditer(said)]
    everything = frozenset(re.findall(_NUMBER, said))
    return bool(sizes) and bool(told) and sizes.isdisjoint(everything)

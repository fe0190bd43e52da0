"""Restricted licences that are named within other words: in a sentence of a card, beside a licence text.

Pure. A name alone (a tag, a link's words) is `licenses.find`'s question; here it may stand anywhere, and only names of
two words or more count, of which one is a word of terms: any other may as well be the name of a model.
"""

from __future__ import annotations

import re
from functools import cache

from index import licenses

MAX_WORDS = 1_500  # characters that are read
# A spelling without any of these may as well be the name of a model.
_OF_TERMS = frozenset(
    str.split("nc nd non noncommercial commercial community rail openrail research terms use public eula model source")
)
_ID = re.compile(r"\S*/\S*")  # an address or somebody's repository


@cache
def _restricted() -> tuple[re.Pattern[str], dict[str, licenses.License]]:
    """Every restricted licence's spellings of two words or more: one pattern, and whose each is."""
    names = {
        name: entry
        for entry in licenses.catalogue().values()
        if entry.conformant == "no" and entry.kind != "special"
        for name in licenses.spellings(entry)
        if "-" in name and not _OF_TERMS.isdisjoint(name.split("-"))
    }
    longest = sorted(names, key=lambda name: (-len(name), name))
    return re.compile(rf"(?:^|-)({'|'.join(map(re.escape, longest))})(?=-|$)"), names


def restricted_name(text: str) -> licenses.License | None:
    """The restricted licence that words name anywhere in them; None when they name none."""
    pattern, names = _restricted()
    found = pattern.search(licenses.fold(_ID.sub(" ", text[:MAX_WORDS])))
    return names[found[1]] if found else None

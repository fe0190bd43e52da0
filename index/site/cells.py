"""The HTML that a table repeats a thousand times: signs of cells and rungs of levels. Pure; each form is made once.

A table of fifty rows has 700 cells; as template macros they took two thirds of the page's time. Everything that varies
here is either a word of the catalogue, escaped, or an address made by `model_path`, which holds no letter that HTML
knows. Does not read data.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup, escape

from index import plain
from index.model import VALUES
from index.site.ask import model_path

if TYPE_CHECKING:
    from index.site.render import Texts

SIGNS = {letter: value.value for letter, value in VALUES.items()}


class Column(NamedTuple):
    """One column of cells: which letter of the 14, the dimension, the framework's own name, whether a group begins.

    `later`: no rule decides this characteristic yet, so that an unknown there says nothing of a model.
    """

    place: int
    key: str
    name: str
    first: bool
    later: bool = False

    @property
    def kind(self) -> str:
        """Its classes in the style sheet."""
        return f"{' first' if self.first else ''}{' later' if self.later else ''}"


def strip(t: Texts, letters: str | None, path: str, columns: Sequence[Column]) -> Markup:
    """The cells of one row, each leading to its evidence; `path` as model_path makes it, '' for no links."""
    if not letters:
        return Markup("".join(f'<td role="cell" class="c{c.kind}"></td>' for c in columns))
    return Markup("".join(_begin(c.kind, bool(path)) + (f"{path}#{c.key}" if path else "")
                          + _end(t, letters[c.place], c.key, bool(path), c.later) for c in columns))  # fmt: skip


@lru_cache(maxsize=16)
def _begin(kind: str, linked: bool) -> str:
    return f'<td role="cell" class="c{kind}">' + ('<a href="' if linked else "<span")


@lru_cache(maxsize=512)
def _end(t: Texts, letter: str, key: str, linked: bool, later: bool) -> str:
    unjudged = later and letter == "u"
    value, title = escape(t(f"value.{SIGNS[letter]}")), escape(t(f"dim.{key}"))
    told = escape(t("model.later")) if unjudged else value
    picture = f'<svg><use href="#s-{"l" if unjudged else letter}"/></svg>'
    return (
        f'{chr(34) if linked else ""} class="cell v-{letter}" title="{title}: {told}">{picture}'
        f'<span class="sr">{value}</span></{"a" if linked else "span"}></td>'
    )


def name(model_id: str, extra: str = "") -> Markup:
    """ORG/NAME as a link to its page; `extra`: what follows the address, such as #claims."""
    org, _, own = model_id.rpartition("/")
    maker = f'<span class="org">{escape(org)}/</span>' if org else ""
    shown = f'<span class="name">{escape(plain.clean(own, 400))}</span>'
    return Markup(f'<a class="model" href="{model_path(model_id)}{escape(extra)}">{maker}{shown}</a>')


@lru_cache(maxsize=512)
def level(t: Texts, low: str | None, high: str | None, words: str = "") -> Markup:
    """The seven rungs and the level: filled is proved, outlined is not excluded. `words`: its name, if told."""
    bottom = int(low[1]) if low else -1
    top = int(high[1]) if high else bottom
    rungs = "".join(
        f'<rect class="{"on" if n <= bottom else "may" if n <= top else "off"}" x="{n * 7 + 0.5}" '
        f'y="{12.5 - n * 1.9:.1f}" width="5" height="{4 + n * 1.9:.1f}"/>'
        for n in range(7)
    )
    upto = ""
    if low and high and high != low:
        between = escape(t("level.not_excluded"))
        dash = f'<span class="sr"> {between} </span><span aria-hidden="true">–</span>'
        upto = f'<span class="upto">{dash}{escape(high)}</span>'
    said = f' <span class="lname">{escape(words)}</span>' if words else ""
    picture = f'<svg class="ladder" viewBox="0 0 48 18" aria-hidden="true" focusable="false">{rungs}</svg>'
    return Markup(f'<span class="level">{picture}<b>{escape(low or "–")}{upto}</b>{said}</span>')

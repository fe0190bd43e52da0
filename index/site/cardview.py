"""A model card as HTML that cannot harm: Markdown rendered, sanitised, its quoted evidence marked. Pure.

Does: render the Markdown that the Hub renders (CommonMark, tables, raw HTML), take out whatever runs, loads or leads
astray, say in words what a picture shows, make visible what an eye would not see (overrides of the writing direction,
zero-width letters), fit the headings under ours, and mark the words that evidence quotes.
Does not: read a file, load a picture, follow a link, or translate. The last step is the sanitiser (nh3): nothing is
added to the text after it.

A stranger wrote the card, perhaps to keep us busy: every step takes time in proportion to the card, and of signs that
cost more than letters only so many are shown as of letters (the page says where it stops). So no element is
taken out of its place or put into another's (Beautiful Soup looks for it among all its siblings); it gets a name that
the sanitiser does not know, which drops the tag and keeps what it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import quote as percent
from urllib.parse import urljoin

import nh3
from bs4 import BeautifulSoup, NavigableString, Tag
from markdown_it import MarkdownIt

from crawler import cards
from index.site.ask import anchor
from index.site.render import safe_link

MAX_SHOWN = 100_000  # characters that are shown
MAX_SIGNS = 10_000  # signs and ends of lines among them: each may be an element, which costs a hundred letters
MAX_BRACKETS = 3_000  # the reader looks for the end of each open one through the whole rest
MAX_DEPTH = 150  # elements inside one another; a card that is deeper is shown as its source
MAX_TAGS = 20_000  # a card of more, ends of elements counted too, is shown as its source
MAX_QUOTES = 200
_BARE = "x-bare"  # a name that is not in _TAGS: the sanitiser leaves only what the element holds
_TAGS = frozenset((
    "a", "abbr", "b", "blockquote", "br", "caption", "center", "code", "col", "colgroup", "dd", "del", "details", "div",
    "dl", "dt", "em", "h2", "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s",
    "samp", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
    "tt", "u", "ul", "var",
))  # fmt: skip
#: These go with all they hold: what stands in them is no text.
_GONE = frozenset((
    "script", "style", "iframe", "object", "embed", "template", "noscript", "svg", "math", "title", "head", "form",
    "select",
))  # fmt: skip
_REL = "nofollow noopener"
_PICTURES = ("img", "picture", "video", "audio", "source")
_HEADINGS = re.compile(r"h[1-6]")
# What plain.py makes visible, without the joiners: those belong to the spelling of many scripts and of emoji.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e007f]|(?<![\u02ff-\U0010ffff])[\u200c\u200d]|[\u200c\u200d](?![\u02ff-\U0010ffff])"
)


class Quote(NamedTuple):
    """Words that evidence quotes, and at which character of the card's text they stand (-1: nobody said)."""

    words: str
    start: int


class View(NamedTuple):
    """A card to be shown. `html` is safe as it stands; the front matter is text."""

    html: str
    front_matter: str
    anchors: frozenset[str]  # of the quotes that are marked
    shown: int  # characters of `length`
    length: int


def view(body: bytes, quotes: Iterable[Quote], picture: str = "{}", home: str = "") -> View:
    """The card in `body`. `picture`: what stands for a picture, {} = its words; `home`: where relative links lead."""
    card = cards.parse(body)
    text = _affordable(card.text[card.body_start : card.body_start + MAX_SHOWN])
    soup = _soup(text)
    _tidy(soup, picture, home)
    wanted = [q._replace(start=q.start - card.body_start if q.start >= card.body_start else -1) for q in quotes]
    anchors = frozenset(_mark(soup, text, wanted[:MAX_QUOTES]))
    html = nh3.clean(
        _UNSEEN.sub(lambda m: escape(_seen(m[0])), str(soup)),  # only text is left in which one may stand
        tags=set(_TAGS),
        clean_content_tags=set(_GONE),
        attributes={"a": {"href"}, "mark": {"id"}, "div": {"class", "tabindex"}, "td": {"colspan"}, "th": {"colspan"}},
        attribute_filter=lambda tag, name, value: _allowed(tag, name, value, anchors),
        url_schemes={"http", "https"},
        link_rel=_REL,
    )
    end = card.body_start + len(text)
    return View(html, _seen(card.text[: card.body_start][:MAX_SHOWN].strip()), anchors, end, len(card.text))


def _affordable(text: str) -> str:
    """The beginning of the card that is shown: no more signs than the limits above."""
    ends = (
        next(islice(re.finditer(signs, text), limit, None), None)
        for signs, limit in ((r"[\[|<>`~*\n]", MAX_SIGNS), (r"\[", MAX_BRACKETS))
    )
    return text[: min((found.start() for found in ends if found), default=None)]


def _allowed(tag: str, name: str, value: str, anchors: frozenset[str]) -> str | None:
    """The value of an attribute, None to take it out: only what this module itself writes, and addresses."""
    fit = {
        ("a", "href"): bool(safe_link(value)),
        ("a", "rel"): value == _REL,
        ("mark", "id"): value in anchors,
        ("div", "class"): value == "scroll",
        ("div", "tabindex"): value == "0",
    }
    return value if fit.get((tag, name), value.isdecimal() and len(value) < 3) else None


@cache
def _markdown() -> MarkdownIt:
    """The reader, which notes at every block on which line it begins."""
    made = MarkdownIt("commonmark", {"html": True, "maxNesting": 40}).enable(["table", "strikethrough"])
    made.core.ruler.push("lines", _note_lines)
    return made


def _soup(text: str) -> BeautifulSoup:
    """The card as a tree; the source as it is where the tree would be too deep or too full for anybody."""
    html = _markdown().render(text)
    if html.count("<") > MAX_TAGS:
        return _source(text)
    closed, end, rest = html.rpartition("-->")
    # The parser would look for the end of every comment that has none, each time through the whole rest.
    soup = BeautifulSoup(closed + end + rest.replace("<!--", "&lt;!--"), "html.parser")
    depth = {id(soup): 0}
    for element in soup.find_all(True):
        depth[id(element)] = depth[id(element.parent)] + 1
        if depth[id(element)] > MAX_DEPTH:
            return _source(text)
    return soup


def _source(text: str) -> BeautifulSoup:
    return BeautifulSoup(f"<pre>{escape(text)}</pre>", "html.parser")


def _note_lines(state: Any) -> None:
    for token in state.tokens:
        if token.map and token.nesting >= 0 and token.type != "html_block":
            token.attrSet("data-line", str(token.map[0]))


def _tidy(soup: BeautifulSoup, picture: str, home: str) -> None:
    """Everything but the marks: pictures in words, links that lead where they say, headings that begin below ours."""
    for found in soup.find_all([*_GONE, "mark"]):
        if found.name != "mark":
            found.clear()
        found.name = _BARE
    for found in soup.find_all(_PICTURES):
        words = str(found.get("alt") or "").strip()
        if words and found.name == "img":
            found.clear()
            found.append(NavigableString(picture.format(words[:200])))
        found.name = _BARE
    for link in soup.find_all("a"):
        link["href"] = _target(str(link.get("href") or ""), home)
        if not link["href"] or not _has_words(link):
            link.name = _BARE
    above = 1
    for heading in soup.find_all(_HEADINGS):
        above = min(int(heading.name[1]) + 1, above + 1, 6)
        heading.name = f"h{above}" if _has_words(heading) else _BARE
    for table in soup.find_all("table"):
        inner = soup.new_tag("table")
        for child in list(table.contents):
            inner.append(child)
        table.name, table["class"], table["tabindex"] = "div", "scroll", "0"
        table.append(inner)


def _has_words(element: Tag) -> bool:
    return any(text.strip() for text in element.strings)


def _target(href: str, home: str) -> str:
    """Where a link leads, '' for nowhere: inside the card (its names are not kept), or not to the web."""
    if href.startswith("#") or not href:
        return ""
    try:
        return _UNSEEN.sub(lambda m: percent(m[0]), safe_link(urljoin(home, href) if home else href))
    except ValueError:
        return ""


def _seen(text: str) -> str:
    return _UNSEEN.sub(lambda m: f"<U+{ord(m[0]):04X}>", text)


# -- marks ------------------------------------------------------------------------------------------------------------


_Cut = tuple[int, int, list[str]]  # from, to, names


class _Letters(NamedTuple):
    """The letters and digits of a document in one string, and of each which node and place it comes from."""

    text: str
    places: list[tuple[int, int]]
    nodes: list[NavigableString]
    lines: list[tuple[int, int]]  # (line of the source, first letter) of every block, in order


def _mark(soup: BeautifulSoup, text: str, quotes: Iterable[Quote]) -> Iterable[str]:
    """Wrap the words of every quote in <mark>; gives the anchors of those that were found.

    Quotes overlap: every letter of any is marked, and the mark at which a quote begins bears its name.
    """
    letters = _letters(soup)
    names: dict[int, list[str]] = {}  # first letter -> the quotes that begin there
    given: set[str] = set()
    ends: set[int] = set()
    marked: set[int] = set()
    for quote in quotes:
        at, size = _found(letters, text, quote)
        if size and anchor(quote.words) not in given:
            given.add(anchor(quote.words))
            names.setdefault(at, []).append(anchor(quote.words))
            ends.add(at + size)
            marked.update(range(at, at + size))
    pieces: dict[int, list[_Cut]] = {}  # by node
    for n in sorted(marked):
        node, place = letters.places[n]
        of_node = pieces.setdefault(node, [])
        if of_node and n - 1 in marked and n not in names and n not in ends:
            of_node[-1] = (of_node[-1][0], place + 1, of_node[-1][2])
        else:
            of_node.append((place, place + 1, names.get(n, [])))
    _put(soup, {id(letters.nodes[number]): (letters.nodes[number], cuts) for number, cuts in pieces.items()})
    return [name for several in names.values() for name in several]


def _found(letters: _Letters, text: str, quote: Quote) -> tuple[int, int]:
    """(first letter, letters) of a quote in the document, as much of its beginning as stands there; 0 letters: none."""
    wanted = _bare(_plain(quote.words))
    begin = _from(letters, text, quote.start)
    for size in (len(wanted), 2 * len(wanted) // 3, len(wanted) // 3):
        if size < min(len(wanted), 12) or size < 2:
            break
        for start in (begin, 0):
            at = letters.text.find(wanted[:size], start)
            if at >= 0:
                return at, size
    return 0, 0


def _from(letters: _Letters, text: str, start: int) -> int:
    """The first letter of the block in which a character of the source stands."""
    if start < 0:
        return 0
    line = text.count("\n", 0, start)
    return max((first for at, first in letters.lines if at <= line), default=0)


def _letters(soup: BeautifulSoup) -> _Letters:
    text: list[str] = []
    places: list[tuple[int, int]] = []
    nodes: list[NavigableString] = []
    lines: list[tuple[int, int]] = []
    for element in soup.descendants:
        if isinstance(element, Tag):
            if element.get("data-line"):
                lines.append((int(str(element["data-line"])), len(text)))
        elif type(element) is NavigableString:
            for place, letter in enumerate(element):
                if letter.isalnum():
                    text.append(letter)
                    places.append((len(nodes), place))
            nodes.append(element)
    return _Letters("".join(text), places, nodes, lines)


def _put(soup: BeautifulSoup, cut: Mapping[int, tuple[NavigableString, list[_Cut]]]) -> None:
    """Marks in place of pieces of text: what holds one is emptied from its beginning and filled again, in one go."""
    for parent in {id(node.parent): node.parent for node, _ in cut.values()}.values():
        assert parent is not None  # every text stands in an element
        for child in list(parent.contents):
            child.extract()
            for piece in _split(soup, *cut[id(child)]) if id(child) in cut else [child]:
                parent.append(piece)


def _split(soup: BeautifulSoup, node: NavigableString, pieces: list[_Cut]) -> Iterable[NavigableString | Tag]:
    words, end = str(node), 0
    for a, b, names in pieces:
        mark: NavigableString | Tag = NavigableString(words[a:b])
        for name in names or [""]:
            outer = soup.new_tag("mark", attrs={"id": name} if name else {})
            outer.append(mark)
            mark = outer
        yield from (NavigableString(words[end:a]), mark)
        end = b
    yield NavigableString(words[end:])


def _plain(words: str) -> str:
    """The words of a piece of Markdown as a reader sees them."""
    return BeautifulSoup(_markdown().render(words), "html.parser").get_text()


def _bare(words: str) -> str:
    return "".join(c for c in words if c.isalnum())


def starts(places: Mapping[str, str]) -> tuple[Quote, ...]:
    """Quotes out of {words: place}, places as evidence has them: README.md#114-192."""
    found = []
    for words, place in places.items():
        start = place.partition("#")[2].partition("-")[0]
        found.append(Quote(words, int(start) if start.isdecimal() else -1))
    return tuple(found)

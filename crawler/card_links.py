"""The links of a Markdown text: inline, by reference, automatic, bare and HTML; http(s) and relative ones only. Pure.

Every match is anchored on the URL itself and looks at most a few hundred characters to either side for its words, so a
hostile text costs linear time. Images are not links. Does not resolve, fetch or judge a link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

MAX_LINKS = 5_000
_LOOK = 300  # characters looked at to either side of a URL for the words of the link

_ADDRESS = re.compile(r"[^\s<>\"'`\[\]|\\^{}]{1,2000}")  # what follows "://"
_RELATIVE = re.compile(r"\]\([ ]?<?([^\s()<>\"'#:][^\s()<>\"':]{0,500})")
_RELATIVE_HTML = re.compile(r"href=[\"']([^\s()<>\"'#:][^\s()<>\"':]{0,500})")
_REFERENCE = re.compile(r"\[([^\[\]\n]{1,200})\]\[([^\[\]\n]{0,100})\]")
_DEFINITION = re.compile(r"[ ]{0,3}\[([^\[\]\n^]{1,100})\]:[ \t]*<?(https?://[^\s<>]{1,2000})")
_MARKUP = re.compile(r"<[^<>\n]{0,300}>|!\[([^\[\]]{0,200})\]\([^()\s]{0,400}\)")


class Link(NamedTuple):
    """A link: where it goes, its words, and where its URL stands (for a reference: where its words stand)."""

    url: str
    text: str
    start: int
    end: int


_START = itemgetter(2)


def find_links(text: str, start: int = 0) -> tuple[tuple[Link, ...], bool]:
    """Links in order of place, and whether there are more than were read."""
    found: list[Link] = []
    for begin, end in islice(_addresses(text, start), 2 * MAX_LINKS):
        link = _absolute(text, begin, end)
        if link is not None:
            found.append(link)
    for pattern in (_RELATIVE, _RELATIVE_HTML) if "href=" in text else (_RELATIVE,):
        for m in islice(pattern.finditer(text, start), 2 * MAX_LINKS):
            link = _relative(text, m)
            if link is not None:
                found.append(link)
    found += _references(text, start)
    found.sort(key=_START)
    return tuple(found[:MAX_LINKS]), len(found) > MAX_LINKS


def _addresses(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Where http:// and https:// addresses begin and at most end, in order."""
    at = text.find("://", start)
    while at >= 0:
        scheme = text[max(start, at - 5) : at].lower()
        begin = at - 5 if scheme == "https" else at - 4 if scheme.endswith("http") else -1
        address = _ADDRESS.match(text, at + 3) if begin >= start else None
        if address:
            yield begin, address.end()
        at = text.find("://", address.end() if address else at + 3)


def _absolute(text: str, start: int, end: int) -> Link | None:
    before = text[max(0, start - 12) : start]
    if before.endswith(("](", "](<", "]( ")):
        end = _closing_bracket(text, start, end)
        words, image = _words_before(text, start - len(before) + before.rindex("]("))
        return None if image else Link(text[start:end], words, start, end)
    if before[-1:] in "\"'" and before:
        attribute = before[:-1].rstrip(" =").lower()
        if attribute.endswith("href"):
            return Link(text[start:end], _words_after(text, end), start, end)
        if attribute.endswith(("src", "srcset", "content", "poster")):
            return None
    end = _trim(text, start, end)
    return Link(text[start:end], "", start, end) if end - start > 9 else None


def _closing_bracket(text: str, start: int, end: int) -> int:
    """The end of an inline link's URL: the bracket that closes it, brackets inside the URL counted."""
    close = text.find(")", start, end)
    if close < 0 or text.find("(", start, close) < 0:
        return end if close < 0 else close
    depth = 0
    for i in range(start, end):
        c = text[i]
        if c == "(":
            depth += 1
        elif c == ")":
            if not depth:
                return i
            depth -= 1
    return end


def _trim(text: str, start: int, end: int) -> int:
    """A bare URL without the punctuation of the sentence that it stands in."""
    while end > start:
        last = text[end - 1]
        if last in ".,;:!?*_~，。；：、）" or last == ")" and text.count(")", start, end) > text.count("(", start, end):
            end -= 1
        else:
            break
    for stop in "，。；、）":
        cut = text.find(stop, start, end)
        end = cut if cut > start else end
    return end


def _words_before(text: str, close: int) -> tuple[str, bool]:
    """The words of `[words](`, whose closing bracket stands at `close`, and whether it is an image."""
    depth, floor, seen = 1, max(0, close - _LOOK), close
    while (i := text.rfind("[", floor, seen)) >= 0:
        depth += text.count("]", i + 1, seen) - 1
        if not depth:
            return _clean(text[i + 1 : close]), i > 0 and text[i - 1] == "!"
        seen = i
    return "", False


def _words_after(text: str, end: int) -> str:
    """The words of `<a href="...">words</a>`."""
    opened = text.find(">", end, end + _LOOK)
    closed = text.find("</", opened, opened + _LOOK) if opened >= 0 else -1
    return _clean(text[opened + 1 : closed]) if closed >= 0 else ""


def _clean(words: str) -> str:
    if "<" in words or "![" in words:
        words = _MARKUP.sub(lambda m: m[1] or "", words)
    return " ".join(words.split()).strip("*_` ")


def _relative(text: str, m: re.Match[str]) -> Link | None:
    url = m[1]
    follows = text[m.end(1) : m.end(1) + 1]
    if follows == ":" or url.startswith(("//", "?", "&")):
        return None  # another scheme (mailto, javascript, http), or not a file of the repo
    if m[0][0] == "]":
        words, image = _words_before(text, m.start())
        return None if image else Link(url, words, m.start(1), m.end(1))
    return Link(url, _words_after(text, m.end(1)), m.start(1), m.end(1))


def _references(text: str, start: int) -> list[Link]:
    targets = {m[1].lower(): m[2] for m in _definitions(text, start)}
    found: list[Link] = []
    if not targets:
        return found
    for m in _REFERENCE.finditer(text, start):
        url = targets.get((m[2] or m[1]).lower())
        if url and not (m.start() and text[m.start() - 1] == "!"):
            found.append(Link(url, _clean(m[1]), m.start(), m.end()))
            if len(found) >= MAX_LINKS:
                break
    return found


def _definitions(text: str, start: int) -> Iterator[re.Match[str]]:
    """`[name]: address`, each at the beginning of a line."""
    at = text.find("]:", start)
    while at >= 0:
        floor = max(start, at - 105)  # as far before as the line can begin
        line = text.rfind("\n", floor, at) + 1 or floor
        m = _DEFINITION.match(text, line) if line == start or text[line - 1] == "\n" else None
        if m:
            yield m
        at = text.find("]:", m.end() if m else at + 2)

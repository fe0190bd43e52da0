"""README bytes -> Card: text, front matter, sections, links, code spans, and whether a person wrote it. Pure.

Every place is a character offset into `Card.text`, so that `quote(card, start, end)` gives the words back verbatim;
`parse` of the same stored bytes always gives the same text.

Cost is bounded: 1 MB of bytes, 5,000 sections, 5,000 links, and what `front_matter.py` bounds; what was cut is said in
`notes`. Never raises for bad input. Does not render Markdown, fetch links, or judge anything.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import Struct

from crawler.card_generators import find_generator
from crawler.card_links import Link, find_links
from crawler.front_matter import read_front_matter

__all__ = ["Card", "Link", "Section", "beyond_ascii", "count_words", "parse", "quote", "without_comments"]

MAX_BYTES = 1_000_000
MAX_SECTIONS = 5_000
PLACEHOLDER = "[More Information Needed]"
TEMPLATE_PLACEHOLDERS = 12  # the Hub's template has about 40; a card with this many left was not filled in


class Section(NamedTuple):
    """A heading and what stands under it, sub-sections included. Offsets into Card.text."""

    title: str  # markup stripped
    level: int  # 1..6; 7 for a line that is bold from end to end
    start: int  # of the heading
    end: int  # of the last character before the next heading of the same or a higher level
    body: int  # first character after the heading


class Card(Struct, frozen=True):
    """A model card, read once."""

    text: str
    encoding: str
    front_matter: dict[str, Any]
    front_matter_error: str | None
    body_start: int
    sections: tuple[Section, ...]
    links: tuple[Link, ...]
    code: tuple[tuple[int, int], ...]  # fenced blocks, fences included, in order
    words: int  # of the body, without code blocks and HTML comments
    placeholders: int  # '[More Information Needed]' still in it
    generator: str  # the tool that wrote the card ('' = none recognised): trainer, autotrain, unsloth, gguf, ...
    generator_at: int  # where its words stand; -1 = nowhere
    truncated: bool  # longer than MAX_BYTES; only the beginning was read
    notes: tuple[str, ...]  # what was cut or replaced, in words

    @property
    def is_template(self) -> bool:
        """The Hub's template, not filled in."""
        return self.placeholders >= TEMPLATE_PLACEHOLDERS

    @property
    def is_generated(self) -> bool:
        """Written by a tool."""
        return bool(self.generator)


def quote(card: Card, start: int, end: int) -> str:
    """The words at a place, verbatim."""
    return card.text[start:end]


def parse(body: bytes) -> Card:
    """Read a card. Bad encodings, bad YAML and sizes are notes or `front_matter_error`, never exceptions."""
    notes: list[str] = []
    if len(body) > MAX_BYTES:
        notes.append(f"only the first {MAX_BYTES:,} of {len(body):,} bytes were read")
    text, encoding = _decode(body[:MAX_BYTES])
    if encoding.endswith("replaced"):
        notes.append("bytes that are not UTF-8 were replaced")
    if "\0" in text:
        text = text.replace("\0", "\ufffd")  # one for one: places stay, and no NUL reaches a database
        notes.append("NUL characters were replaced")
    front_matter, error, start = read_front_matter(text)
    code = _fences(text, start)
    sections = _sections(text, start, code)
    if len(sections) >= MAX_SECTIONS:
        notes.append(f"only the first {MAX_SECTIONS:,} sections were read")
    generator, generator_at = find_generator(text, start)
    links, more = find_links(text, start)
    if more:
        notes.append(f"only the first {len(links):,} links were read")
    return Card(
        text=text,
        encoding=encoding,
        front_matter=front_matter,
        front_matter_error=error,
        body_start=start,
        sections=sections,
        links=links,
        code=code,
        words=_words(text, start, code),
        placeholders=text.count(PLACEHOLDER, start),
        generator=generator,
        generator_at=generator_at,
        truncated=len(body) > MAX_BYTES,
        notes=tuple(notes),
    )


def front_matter(body: bytes) -> dict[str, Any]:
    """The front matter alone, as `parse` gives it."""
    return read_front_matter(_decode(body[:MAX_BYTES])[0].replace("\0", "\ufffd"))[0]


def _decode(body: bytes) -> tuple[str, str]:
    if body.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return body.decode("utf-32", "replace"), "utf-32"
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace"), "utf-16"
    try:
        return body.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError as e:
        cut = e.start >= MAX_BYTES - 4 and len(body) == MAX_BYTES  # our own cut fell inside a character
        return body.decode("utf-8-sig", "ignore" if cut else "replace"), "utf-8" if cut else "utf-8, replaced"


# --- shape of the body ---

_FENCE = re.compile(r"[ \t>]{0,40}(`{3,}|~{3,})([^\n]*)")
# The headings that a line begins with, all with the line break before them: a search for one character is several times
# faster than one for "^". No line can be two of them.
_HEADING = re.compile(
    r"\n[ ]{0,3}(?:(?P<marks>#{1,6})[ \t]+(?P<title>[^\n]{1,300})|(?P<line>={2,}|-{2,})[ \t\r]*(?=\n|\Z)|"
    r"(?:\*\*|__)(?P<bold>[^*_\n][^*\n]{0,98}?)(?:\*\*|__)[ \t]*:?[ \t\r]*(?=\n|\Z))"
)
_HTML_HEADING = re.compile(r"<h([1-6])(?:\s[^<>]{0,300})?>", re.I)
_NOT_SETEXT = re.compile(r"[ \t]*(?:[-*+|>#]|\d+[.)]\s|$)")
_TAG = re.compile(r"<[^<>\n]{0,300}>")
_LINK_MARKUP = re.compile(r"!?\[([^\[\]]{0,200})\]\([^()\s]{0,400}\)")


def _fences(text: str, start: int) -> tuple[tuple[int, int], ...]:
    """Fenced code blocks; one that is never closed runs to the end, as Markdown has it."""
    found: list[tuple[int, int]] = []
    opened: tuple[int, str] | None = None
    for m in _fence_lines(text, start):
        mark = m[1]
        if opened is None:
            if mark[0] == "`" and "`" in m[2]:
                continue  # ```inline``` on one line
            opened = (m.start(), mark)
        elif mark[0] == opened[1][0] and len(mark) >= len(opened[1]) and not m[2].strip():
            found.append((opened[0], m.end()))
            opened = None
    if opened is not None:
        found.append((opened[0], len(text)))
    return tuple(found)


def _fence_lines(text: str, start: int) -> Iterator[re.Match[str]]:
    """Lines that begin with three or more of one of the marks, in order."""
    done = start
    ticks, tildes = text.find("```", start), text.find("~~~", start)
    while ticks >= 0 or tildes >= 0:
        at = min(ticks, tildes) if ticks >= 0 and tildes >= 0 else max(ticks, tildes)
        floor = max(done, at - 41)  # as far before as the line can begin
        line = text.rfind("\n", floor, at) + 1 or floor
        m = _FENCE.match(text, line) if line == start or text[line - 1] == "\n" else None
        if m:
            yield m
        done = m.end() if m else at + 3
        ticks = text.find("```", done) if 0 <= ticks < done else ticks
        tildes = text.find("~~~", done) if 0 <= tildes < done else tildes


def _sections(text: str, start: int, code: tuple[tuple[int, int], ...]) -> tuple[Section, ...]:
    heads: list[tuple[int, int, int, str]] = []  # start, body, level, title
    shift = start - 1
    # A break before the first line, too; places in it are one further on.
    for m in _HEADING.finditer("\n" + text[start:]):
        if m["marks"]:
            heads.append((m.start() + 1 + shift, m.end() + shift, len(m["marks"]), m["title"]))
        elif m["bold"]:
            heads.append((m.start() + 1 + shift, m.end() + shift, 7, m["bold"]))
        else:
            heads += _underlined(text, start, m.start() + start, m.end() + shift, 1 if m["line"][0] == "=" else 2)
    if text.find("</h", start) >= 0 or text.find("</H", start) >= 0:
        heads += _tagged(text, start)
    heads.sort()
    return _nest(_outside(heads, code)[:MAX_SECTIONS], len(text))


def _underlined(text: str, start: int, line: int, end: int, level: int) -> Iterator[tuple[int, int, int, str]]:
    """The setext heading made by a line of = or -, if there is one: not below a list, a table, a quote or nothing."""
    floor = max(start, line - 300)
    begin = text.rfind("\n", floor, max(floor, line - 1)) + 1
    if not begin and floor > start:
        return  # a line that long is no heading
    begin = begin or start
    title = text[begin:line]
    if not _NOT_SETEXT.match(title):
        yield begin, end, level, title


def _tagged(text: str, start: int) -> Iterator[tuple[int, int, int, str]]:
    """HTML headings that are closed within 400 characters."""
    for opening in ("<h", "<H"):
        at = text.find(opening, start)
        while at >= 0:
            m = _HTML_HEADING.match(text, at)
            end = _closing(text, m.end()) if m else -1
            if m and end > 0:
                yield m.start(), min(end + 5, len(text)), int(m[1]), text[m.end() : end]
            at = text.find(opening, m.end() if m else at + 2)


def _closing(text: str, start: int) -> int:
    """Where the next closing tag of a heading begins, at most 400 characters on; -1 when there is none."""
    end = text.find("</", start, start + 400)
    while end >= 0 and text[end + 2 : end + 3] not in "hH":
        end = text.find("</", end + 2, start + 400)
    return end


def _outside(
    heads: list[tuple[int, int, int, str]], code: tuple[tuple[int, int], ...]
) -> list[tuple[int, int, int, str]]:
    """Headings that are not comments of a program, nor inside another heading."""
    kept: list[tuple[int, int, int, str]] = []
    i = 0
    for head in heads:
        if kept and head[0] < kept[-1][1]:
            continue
        while i < len(code) and code[i][1] <= head[0]:
            i += 1
        if i == len(code) or head[0] < code[i][0]:
            kept.append(head)
    return kept


def _nest(heads: list[tuple[int, int, int, str]], length: int) -> tuple[Section, ...]:
    ends = [length] * len(heads)
    open_heads: list[int] = []
    for i, (begin, _, level, _) in enumerate(heads):
        while open_heads and heads[open_heads[-1]][2] >= level:
            ends[open_heads.pop()] = begin
        open_heads.append(i)
    return tuple(
        Section(_plain(title), level, begin, ends[i], body) for i, (begin, body, level, title) in enumerate(heads)
    )


def _plain(title: str) -> str:
    """A heading without its markup."""
    if "<" in title:
        title = _TAG.sub("", title)
    if "](" in title:
        title = _LINK_MARKUP.sub(r"\1", title)
    return " ".join(title.replace("**", "").strip(" \t\r#*_:").split())


def _words(text: str, start: int, code: tuple[tuple[int, int], ...]) -> int:
    pieces, at = [], start
    for begin, end in code:
        pieces.append(text[at:begin])
        at = end
    pieces.append(text[at:])
    prose = "\n".join(pieces)
    return count_words(without_comments(prose))


_IDEOGRAPH = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def count_words(text: str) -> int:
    """Words by blanks; two characters of a script that writes no blanks count as one more."""
    if text.isascii():
        return _count_ascii(text.encode("ascii"))
    more = beyond_ascii(text)
    odd = len(more.split()) != 1 or more.strip() != more  # blanks beyond ASCII, or no character at all
    n = len(text.split()) if odd else _count_ascii(text.encode("utf-8", "surrogatepass"))
    return n + len(_IDEOGRAPH.findall(more)) // 2


_SHAPE = bytes(0x20 if chr(c).isspace() and c < 128 else 0x78 for c in range(256))  # blanks, and an x for all others


def _count_ascii(text: bytes) -> int:
    """As many as `split` gives, without making them: the places where a word begins. All blanks are ASCII."""
    shape = text.translate(_SHAPE)
    return shape.count(b" x") + shape.startswith(b"x")


_ASCII = bytes(range(128))


def beyond_ascii(text: str) -> str:
    """The characters of a text that are not ASCII: few in most, so that looking among them is quick."""
    return text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass")


def without_comments(text: str, start: int = 0) -> str:
    """The text with its HTML comments from `start` on turned into blanks, every place kept; one never closed stays."""
    if text.find("<!--", start) < 0:
        return text
    pieces: list[str] = []
    at = 0
    while (begin := text.find("<!--", max(at, start))) >= 0 and (end := text.find("-->", begin)) >= 0:
        pieces += (text[at:begin], " " * (end + 3 - begin))
        at = end + 3
    return "".join((*pieces, text[at:]))

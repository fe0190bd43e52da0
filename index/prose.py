"""A quote out of a card as a reader sees it: without tags and marks of HTML and Markdown, cut at words. Pure.

Only what a person looks at goes through here; JSON, `verify` and the marks in a card keep the words as they stand. A
quote is a piece of a text: it may begin or end within a tag, whose rest goes too. Tags that no card formats its text
with (script, iframe) stay, as words: nothing hostile is hidden. Does not make text harmless for HTML: the template
escapes what comes out here, like any other text.
"""

from __future__ import annotations

import html
import re

from index import plain

_MOST = 4_000  # letters of a quote that are looked at; probes keep some hundred
_TAGS = (
    "a|abbr|b|big|blockquote|br|center|code|dd|details|div|dl|dt|em|figcaption|figure|font|h[1-6]|hr|i|img|ins|kbd|li|"
    "mark|ol|p|picture|pre|s|small|source|span|strike|strong|sub|summary|sup|table|tbody|td|tfoot|th|thead|tr|tt|u|ul"
)
_TAG = re.compile(rf"</?(?:{_TAGS})(?:[\s/][^<>]*)?>", re.IGNORECASE)
_BEGUN = re.compile(rf"</?(?:{_TAGS})?(?:[\s/][^<>]*)?$", re.IGNORECASE)  # at the end: a tag that was cut off
_ENDED = re.compile(  # at the beginning: the rest of a tag
    r"""^(?:[^<>"]*"\s+)?(?:[\w-]+\s*=\s*"[^"<>]*"\s*)+/?>|^["'\s]*>(?=\S)|^[^\s<>"]*"(?:\s+[\w-]+="[^"<>]*")*>"""
)
_IMAGE = re.compile(r"!\[([^\[\]]*)\]\([^()\s]*(?:\s[^()]*)?\)")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*(?:\s[^()]*)?\)")
_LINK_BEGUN = re.compile(r"!?\[([^\[\]]*)(?:\]\([^()]*)?$")  # at the end: a link that was cut off
_LINK_ENDED = re.compile(r"^([^\[\]]*)\]\([^()\s]*\)")  # at the beginning: the rest of one
_BARE = re.compile(r"<(https?://[^<>\s]+)>")
_LINE_MARKS = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|[-+*][ \t]+|>[ \t]?|```[\w-]*[ \t]*$)", re.MULTILINE)
_SLANTED = re.compile(r"(?<![\w*\\])\*([^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])")
_UNDERLINED = re.compile(r"(?<!\w)__([^\s_](?:[^_\n]*[^\s_])?)__(?![\w.])")
_CODE = re.compile(r"`([^`\n]*)`")


def readable(text: object, limit: int | None = None) -> str:
    """One line without tags and marks, harmless for a terminal; cut to `limit` at a word. None becomes ''.

    Where nothing is left but marks, the text stays as it is.
    """
    raw = str(text or "")[:_MOST]
    line = plain.clean(_unmarked(raw)).strip() or plain.clean(raw)
    if limit is None or len(line) <= limit:
        return line
    cut = line[: limit - 1]
    at = cut.rfind(" ")
    if at > limit // 2 and not line[limit - 1].isspace():
        cut = cut[:at]
    return cut.rstrip() + "…"


def _unmarked(text: str) -> str:
    if not any(mark in text for mark in '<>*`[]_#&"-+'):
        return text
    text = _BARE.sub(r"\1", _ENDED.sub("", text, count=1))
    whole = _LINK_BEGUN.sub(r"\1…", _BEGUN.sub("…", _TAG.sub("", text)) if "<" in text else text)
    whole = _LINK_ENDED.sub(r"…\1", _LINK.sub(r"\1", _IMAGE.sub(r"\1", whole)))
    whole = _UNDERLINED.sub(r"\1", _LINE_MARKS.sub("", whole).replace("**", ""))
    return html.unescape(_CODE.sub(r"\1", _SLANTED.sub(r"\1", whole)))

"""Text of strangers made harmless for a terminal, and a console for terminals that know only ASCII.

Model ids, quotes, tags and licence names are hostile until cleaned: `clean` takes out what a terminal would obey and
makes visible what an eye would not see; the letters of every script stay. Not for HTML, and not for files: there the
text stays as it was found.
"""

from __future__ import annotations

import io
import re
from typing import Any, TextIO

from rich.console import Console

# CSI, OSC/DCS/SOS/PM/APC with their ends (or without one), then any other escape; 8-bit forms as well.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
_BLANKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# Zero-width, bidirectional controls, soft hyphen, fillers that look like blanks, variation tags, private markers.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(text: object, limit: int | None = None) -> str:
    """One line without escapes and controls, with the unseen made visible as <U+202E>; cut to `limit` with an ellipsis.

    Never raises; None becomes ''.
    """
    if text is None:
        return ""
    line = str(text)
    cut = limit is not None and len(line) > 16 * limit  # a card of megabytes is not cleaned for one line of it
    if cut:
        line = line[: 16 * (limit or 0)]
    if not (line.isascii() and line.isprintable()):  # nearly every name is, and so has nothing to take out
        line = _harmless(line)
    if limit is not None and (cut or len(line) > limit):
        line = line[: max(limit - 1, 0)].rstrip() + "…"
    return line


def _harmless(line: str) -> str:
    line = _ESCAPES.sub("", line)
    line = _BLANKS.sub(" ", line)
    line = _CONTROLS.sub("", line)
    line = _UNSEEN.sub(lambda m: f"<U+{ord(m[0]):04X}>", line)
    return _SURROGATES.sub("\ufffd", line)


def make_console(file: TextIO, width: int | None = None) -> Console:
    """A console on `file`. Where its encoding has no ● and no braille, every sign gets a stand-in in ASCII."""
    encoding = (getattr(file, "encoding", None) or "utf-8").lower().replace("-", "")
    shown: Any = file if encoding.startswith("utf") else _Ascii(file)
    return Console(file=shown, width=width, highlight=False, markup=False, emoji=False)


class _Ascii(io.TextIOBase):
    """A stream that cannot show our signs: each gets a stand-in, anything else unknown to it a '?'."""

    _signs = str.maketrans(
        {"●": "#", "◐": "/", "○": "o", "–": "-", "—": "-", "“": '"', "”": '"', "→": ">", "•": "*", "·": ".", "…": "...",
         "─": "-", "━": "-", "│": "|", "└": "+", "├": "+", "┤": "+", "╌": ".", "╴": "-", "╶": "-", "╷": "|",
         **{chr(0x2800 + bits): "*" for bits in range(1, 256)}}
    )  # fmt: skip

    def __init__(self, file: TextIO) -> None:
        self._file = file

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """What the stream behind it has."""
        return self._file.encoding

    def isatty(self) -> bool:
        """Whether the stream behind it is a terminal."""
        return self._file.isatty()

    def fileno(self) -> int:
        """Of the stream behind it."""
        return self._file.fileno()

    def write(self, text: str) -> int:
        """Writes what the encoding can carry."""
        shown = text.translate(self._signs)
        self._file.write(shown.encode(self.encoding, "replace").decode(self.encoding))
        return len(text)

    def flush(self) -> None:
        """Of the stream behind it."""
        self._file.flush()


def cell(value: object) -> object:
    """A value for CSV: what a spreadsheet would run as a formula gets a quote before."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value

"""The YAML at the head of a README -> strings, lists and dicts, and where the body begins. Pure.

Read by strings only: `no` stays 'no', dates and numbers stay text, duplicate keys keep the last, aliases are followed
within bounds (200,000 values, depth 40), tags are ignored. What stands under `model-index` and `widget` is not read.
Never raises for bad input. Does not know what a key means.
Which block counts as front matter: the Hub client's own rule (huggingface_hub, repocard.py).
"""

from __future__ import annotations

import re
from typing import Any

import yaml

__all__ = ["read_front_matter"]

MAX_YAML_NODES = 200_000
MAX_YAML_DEPTH = 40

_OPEN = re.compile(r"\s*---(?:\r\n|\r|\n)")
_CLOSE = re.compile(r"\n---[ \t]*(?:\r\n|\n|\Z)")
_CLOSE_IN_RETURNS = re.compile(r"(?:\r\n|\r|\n)---[ \t]*(?:\r\n|\n|\Z)")
_KEY = re.compile(r"[A-Za-z_][\w-]*[ \t]*:")


class _Refused(ValueError):
    """Front matter that we will not load, with the reason."""


def read_front_matter(text: str) -> tuple[dict[str, Any], str | None, int]:
    """The data, why there is none although there should be, and where the body begins."""
    opened = _OPEN.match(text)
    if not opened:
        return {}, None, 0
    closed = (_CLOSE_IN_RETURNS if "\r" in text else _CLOSE).search(text, opened.end())
    if not closed:
        looks_meant = _KEY.match(text, opened.end()) is not None
        return {}, "the front matter is never closed by a line of three hyphens" if looks_meant else None, 0
    try:
        data = _load(text[opened.end() : closed.start()])
        if data == "" or data is None:
            return {}, None, closed.end()
        if not isinstance(data, dict):
            kind = "list" if isinstance(data, list) else "single value"
            raise _Refused(f"the front matter is a {kind}, not keys with values")
        return data, None, closed.end()
    except _Refused as e:
        return {}, str(e), closed.end()
    except (yaml.YAMLError, ValueError) as e:
        return {}, "the front matter is not YAML: " + " ".join(str(e).split())[:200], closed.end()


# Front matter as most cards have it: keys with one plain or quoted value or a list of them, and nothing that YAML could
# read in another way. Read line by line, twenty times faster than through YAML's events; all else goes through those.
_LETTER = r"\w./+@()?!;,$=~^\u00c0-\u024f\u0400-\u04ff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3"
_PLAIN = rf"[A-Za-z0-9_/(](?:[{_LETTER}&%*'-]|:(?=[^\s]))*(?: +[{_LETTER}&%*'-](?:[{_LETTER}&%*'-]|:(?=[^\s]))*)*"
_QUOTED = rf"\"[{_LETTER}&%*':\[\]{{}}<>|# -]*\"|'[{_LETTER}&%*\":\[\]{{}}<>|# -]*'"
_VALUE = rf"(?:{_PLAIN}|{_QUOTED}) *"
_SIMPLE = re.compile(rf"(?:[A-Za-z_][\w-]*:(?: +(?:{_VALUE}|\[\] *)| *(?:\n *- +{_VALUE})*)(?:\n+|\Z))+", re.ASCII)

# Results of evaluations and examples for a web page, often thousands of lines: nothing that we ask of a card, and nine
# tenths of all front matter.
_UNREAD = re.compile(r"^(model-index|widget):[ \t]*\n(?:[ \-#][^\n]*(?:\n|\Z)|\n)*", re.MULTILINE)


def _load(source: str) -> Any:
    """The data of front matter. What stands under `model-index` and `widget` is left out, the keys are kept."""
    shorter = source
    if "model-index:" in source or "widget:" in source:
        shorter = _UNREAD.sub(r"\1:\n", source)
    data = _load_simple(shorter)
    if data is not None:
        return data
    try:
        return _load_yaml(shorter)
    except (yaml.YAMLError, ValueError):
        if shorter is source:
            raise
        return _load_yaml(source)  # it may be the results that are named elsewhere, or are the fault


def _load_simple(source: str) -> dict[str, Any] | None:
    """The same as `_load_yaml` gives for front matter of the simplest form; None for any other."""
    if _SIMPLE.fullmatch(source) is None:
        return None
    found: dict[str, Any] = {}
    items: list[str] = []
    indent = -1
    for line in source.split("\n"):
        bare = line.strip(" ")
        if bare.startswith("- "):
            here = len(line) - len(line.lstrip(" "))
            if indent not in (-1, here):
                return None  # a list whose items stand at different depths: YAML decides what that is
            indent = here
            items.append(_unquoted(bare[2:].strip(" ")))
        elif bare:
            key, _, value = bare.partition(":")
            value = value.strip(" ")
            items, indent = [], -1
            found[key] = items if not value else _Empty if value == "[]" else _unquoted(value)
    return {key: [] if value is _Empty else "" if value == [] else value for key, value in found.items()}


class _Empty:
    """Stands for `[]`, which is a list without items; a key without a value is no list."""


def _unquoted(value: str) -> str:
    return value[1:-1] if value[0] in "\"'" else value


_LOADER: type = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml where it is built in: 20 times faster


def _load_yaml(source: str) -> Any:
    """Strings, lists and dicts from parser events; our own stack, so that depth and size are ours to bound."""
    root: list[Any] = []
    stack = [_Open(root, None, 0)]
    anchors: dict[str, tuple[Any, int]] = {}
    weight = 0
    value: Any
    next_event = _LOADER(source).get_event
    while (event := next_event()) is not None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            value = event.value
            cost = 1 + len(value) // 100
            if event.anchor:
                anchors[event.anchor] = (value, cost)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            if len(stack) > MAX_YAML_DEPTH:
                raise _Refused(f"the front matter is nested deeper than {MAX_YAML_DEPTH}")
            stack.append(_Open({} if kind is yaml.MappingStartEvent else [], event.anchor, weight))
            continue
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            closed = stack.pop()
            value, cost = closed.container, 1
            if closed.anchor:
                anchors[closed.anchor] = (value, weight + 1 - closed.weight)
        elif kind is yaml.AliasEvent:
            if event.anchor not in anchors:  # unknown, or the container that we are still inside
                raise _Refused(f"the front matter's alias *{str(event.anchor)[:40]} names nothing that is complete")
            value, cost = anchors[event.anchor]
        elif kind is yaml.StreamEndEvent:
            break
        else:
            continue
        weight += cost  # an alias costs what it stands for: a bomb is refused before it is anything
        if weight > MAX_YAML_NODES:
            raise _Refused(f"the front matter holds more than {MAX_YAML_NODES:,} values, repeated ones counted again")
        stack[-1].put(value)
    return root[0] if root else None


class _Open:
    """A list or mapping that is being read, and what had been read when it began."""

    __slots__ = ("anchor", "container", "key", "weight")

    def __init__(self, container: list[Any] | dict[str, Any], anchor: str | None, weight: int) -> None:
        self.container = container
        self.anchor = anchor
        self.weight = weight
        self.key: str | None = None

    def put(self, value: Any) -> None:
        if isinstance(self.container, list):
            self.container.append(value)
        elif self.key is not None:
            self.container[self.key] = value  # a key given twice: the last wins, as on the Hub
            self.key = None
        elif isinstance(value, str):
            self.key = value
        else:
            raise _Refused("the front matter has a key that is not text")

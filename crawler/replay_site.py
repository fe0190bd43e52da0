"""What the replay Hub shows at this moment, and the words its answers are made of.

`Site` is the state (night, edits by faults, settings), `Request` and `Answer` what comes in and goes out, `locate` the
way from a name to a repo. Does no I/O but reading the recording; the routes are in `replay_routes` and `replay_files`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

import msgspec
import orjson

from crawler.recording import Document, Recording, View
from crawler.recording_rows import GONE, Fields
from crawler.replay_faults import Fault, FaultPlan, Faults

Headers = list[tuple[str, str]]


class Request(NamedTuple):
    """What came in. `segments`: the path's parts, percent-decoded; `token`: None when no Authorization was sent."""

    method: str
    raw_path: str
    query: str
    segments: list[str]
    headers: dict[str, str]
    base: str  # scheme://host as the client named it
    token: str | None = None
    body: bytes = b""

    @property
    def params(self) -> list[tuple[str, str]]:
        """The query's pairs in order."""
        return parse_qsl(self.query, keep_blank_values=True)


@dataclass
class Answer:
    """What goes out. `rows`: the rows behind a listing page."""

    status: int
    body: bytes = b""
    headers: Headers = field(default_factory=list)
    rows: list[int] = field(default_factory=list)


@dataclass
class Site:
    """What the Hub shows at this moment; `show` and the edits replace `view`, so a running request is not disturbed."""

    recording: Recording
    view: View
    plan: FaultPlan = field(default_factory=lambda: FaultPlan(Faults()))
    foreign: str = "https://cdn.invalid"  # base URL of "another host" for LFS files and foreign links
    gated_cards: bool = True  # README.md of gated repos readable by all; public sources disagree
    missing_code: bool = False  # say RepoNotFound to anonymous clients too (the Hub says a bare 401)
    access: frozenset[str] = frozenset()  # gated repos that every token may read
    issued: set[str] = field(default_factory=set)  # cursors we gave out
    edits: list[tuple[str, str]] = field(default_factory=list)  # (repo id, new id or '' = gone) since the start

    def show(self, night: str | None) -> None:
        """Another night; removals and renames by faults stay."""
        self.view = self.recording.at(night)
        edits, self.edits = self.edits, []
        for repo_id, new in edits:
            self.edit(repo_id, new)

    def edit(self, repo_id: str, new: str = "") -> None:
        """The repo has the id `new` from now on, or with '' is gone. Unknown ids change nothing."""
        found = self.view.find(repo_id)
        if found is None:
            return
        self.edits.append((repo_id, new))
        view = self.view.copy()
        if new:
            view.rename(found.row, new)
        else:
            view.remove(found.row)
        self.view = view


class Target(NamedTuple):
    """A repo that a request is about."""

    kind: str  # models or datasets
    repo_id: str
    fields: Fields
    names: list[str]  # under which its documents may be recorded
    row: int | None

    @property
    def commit(self) -> str:
        """Its head: the recorded sha, else a stable made-up one, because file answers must name a commit."""
        if "sha" in self.fields:
            return str(orjson.loads(bytes(self.fields["sha"])))
        key = bytes(self.fields.get("_id", b"")) or self.repo_id.encode()
        return hashlib.sha1(b"commit\0" + key, usedforsecurity=False).hexdigest()

    def truth(self, name: str) -> bool:
        """Whether a flag field is set."""
        return bytes(self.fields.get(name, b"false")) not in (b"false", b"null", b'""')


def json_answer(value: object, status: int = 200, headers: Headers | None = None) -> Answer:
    """A JSON body."""
    return Answer(status, orjson.dumps(value), [("Content-Type", "application/json; charset=utf-8"), *(headers or [])])


def error(status: int, message: str, code: str = "", headers: Headers | None = None) -> Answer:
    """An error in the Hub's form."""
    named = [("X-Error-Code", code)] if code else []
    return json_answer({"error": message}, status, [*named, ("X-Error-Message", message), *(headers or [])])


def not_found(site: Site, token: str | None, kind: str = "models") -> Answer:
    """A repo that is missing or private: a bare 401 for the anonymous, 404 for those with a token."""
    if token is None and not site.missing_code:
        realm = ("WWW-Authenticate", 'Bearer realm="Authentication required", charset="UTF-8"')
        return error(401, "Invalid username or password.", headers=[realm])
    return error(404, f"{'Dataset' if kind == 'datasets' else 'Repository'} not found", "RepoNotFound")


def bad_token() -> Answer:
    """What every request with a revoked or unknown token gets."""
    return error(401, "Invalid credentials in Authorization header")


def locate(site: Site, request: Request, kind: str, repo_id: str, again: str) -> Target | Answer:
    """The repo of a request; a 307 to its current name (`again` with {} for the id); or what a missing one gets."""
    row: int | None = None
    if "/" in repo_id.replace("/", "", 1):
        return error(404, "Sorry, we can't find the page you are looking for.")
    if kind == "datasets":
        fields = site.recording.dataset(repo_id, site.view.night)
        if fields is None:
            return not_found(site, request.token, kind)
        current = str(orjson.loads(bytes(fields["id"]))) if "id" in fields else repo_id
        names = [f"datasets/{current}"]
    else:
        found = site.view.find(repo_id)
        if found is None:
            return not_found(site, request.token)
        row, current = found
        fields, names = site.view.fields(row), site.view.names(row)
    target = Target(kind, current, fields, names, row)
    if target.truth("private"):
        return not_found(site, request.token, kind)
    return target if current == repo_id else redirect(again.format(quote(current)), request.query)


def redirect(path: str, query: str, headers: Headers | None = None, status: int = 307) -> Answer:
    """A relative redirect with its own small body."""
    location = f"{path}?{query}" if query else path
    body = f"Temporary Redirect. Redirecting to {location}".encode()
    plain = ("Content-Type", "text/plain; charset=utf-8")
    return Answer(status, body, [("Location", location), plain, *(headers or [])])


def other_repo(site: Site, fault: Fault, repo_id: str) -> str | None:
    """Some other repo, for a redirect that lands on a different `_id`."""
    if fault.argument:
        return fault.argument
    live = [row for row, mask in enumerate(site.view.masks) if not mask & GONE]
    other = site.view.id_at(site.plan.random.choice(live)) if live else repo_id
    return other if other != repo_id else None


def values(raw: msgspec.Raw) -> list[object]:
    """A raw JSON list's items; nothing when it is no list."""
    value = orjson.loads(bytes(raw))
    return value if isinstance(value, list) else []


def document_of(site: Site, target: Target, path: str, night: str | None = None) -> Document | None:
    """The recorded text of a repo's file, by default tonight's."""
    return site.recording.document(target.names, path, site.view.night if night is None else night)

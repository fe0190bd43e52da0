"""The replay Hub's answers about repos: one request and what is recorded in, status, headers and body out.

Speaks what the crawler and the huggingface_hub client ask of the Hub: the listing, one repo, tree, paths-info, refs,
commits, whoami; files are in `replay_files`. Statuses and headers follow published captures.

Does not write anything, or show discussions, users and organizations. A file's size in tree is 0 when nobody recorded
its text: the client insists on a number.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from urllib.parse import parse_qsl, quote

import msgspec
import orjson

from crawler import replay_listing as listings
from crawler.recording import git_sha1
from crawler.recording_rows import BITS
from crawler.replay_faults import Fault
from crawler.replay_files import bad_revision, may_read, night_of, refused, resolve, resolve_cache
from crawler.replay_site import (
    Answer,
    Headers,
    Request,
    Site,
    Target,
    document_of,
    error,
    json_answer,
    locate,
    other_repo,
    redirect,
    values,
)

MARKERS = frozenset({"revision", "tree", "refs", "commits", "paths-info"})
_NOT_IN_INFO = ("downloadsAllTime", "trendingScore", "childrenModelCount", "baseModels")


def respond(site: Site, request: Request, fault: Fault | None = None) -> Answer:
    """The answer to any request but /replay/... itself; `fault` here is one that the content shows."""
    match request.segments:
        case ["api", "models"]:
            return listing(site, request, fault)
        case ["api", ("models" | "datasets") as kind, *rest] if rest:
            return repo_api(site, request, kind, rest, fault)
        case ["api", "resolve-cache", ("models" | "datasets") as kind, *rest] | ["replay", "cdn", kind, *rest]:
            return resolve_cache(site, request, kind, rest)
        case ["api", "whoami-v2"]:
            if request.token is None:
                return error(401, "Invalid username or password.")
            return json_answer({"type": "user", "id": "0" * 24, "name": "replay", "fullname": "Replay", "orgs": []})
        case ["api", "models-tags-by-type"]:
            return tags_by_type(site, dict(request.params).get("type"))
        case ["datasets", *rest] if "resolve" in rest:
            return resolve(site, request, "datasets", rest, fault)
        case [*rest] if "resolve" in rest[1:3]:
            return resolve(site, request, "models", rest, fault)
    return error(404, "Sorry, we can't find the page you are looking for.")


# -- the listing


def listing(site: Site, request: Request, fault: Fault | None) -> Answer:
    """One page with its Link; the listing's own faults are applied here."""
    faults, kind = site.plan.faults, fault.kind if fault else ""
    params = request.params
    cursor = dict(params).get("cursor")
    if cursor and faults.made_cursors != "honoured" and cursor not in site.issued:
        if faults.made_cursors == "refused":
            return error(400, "Invalid cursor")
        params = [(k, v) for k, v in params if k != "cursor"]
    try:
        query = listings.parse(params, faults.upper_bounds)
    except listings.BadRequest as e:
        return error(400, str(e))
    if kind == "short":
        query = replace(query, limit=max(1, query.limit // 3))
    page = listings.page(site.view, query)
    parts, after = page.parts, page.next
    if kind.startswith("poison") and page.rows:
        parts = poisoned(parts, kind, site.plan.random.randrange(len(page.rows)), faults.poison_extra)
    if kind == "repeat":
        after = cursor or after
    headers: Headers = [("Content-Type", "application/json; charset=utf-8")]
    if after:
        site.issued.add(after)
        kept = [p for p in request.query.split("&") if p and not p.startswith("cursor=")]
        base = {"foreign_link": site.foreign, "relative_link": ""}.get(kind, request.base)
        target = f"{base}{request.raw_path}?{'&'.join([*kept, 'cursor=' + quote(after, safe='')])}"
        headers.append(("Link", f'<{target}>; rel="next"'))
    return Answer(200, b"".join((b"[", b",".join(parts), b"]")), headers, page.rows)


def poisoned(parts: list[bytes], kind: str, at: int, extra: bool) -> list[bytes]:
    """The page with one row that no careful reader can store; with `extra` the row is an invented additional one."""
    rows = msgspec.json.decode(b"[" + b",".join(parts) + b"]", type=list[msgspec.Raw])
    row = orjson.loads(bytes(rows[at]))
    if extra:
        row |= {"_id": f"{int(row['_id'], 16) + 1:024x}", "id": f"poisoned/{row['_id']}"}
    if kind == "poison_card":
        row["cardData"] = "license: mit"
    elif kind == "poison_tags":
        row["tags"] = 7
    elif kind == "poison_counts":
        row |= {"downloads": "many", "likes": "some"}
    spoiled = orjson.dumps(row["id"] if kind == "poison_row" else row)
    return [*map(bytes, rows[:at]), *([bytes(rows[at])] if extra else []), spoiled, *map(bytes, rows[at + 1 :])]


def tags_by_type(site: Site, wanted: str | None) -> Answer:
    """Tags in use, grouped by their prefix as far as the tag itself tells."""
    groups: dict[str, set[str]] = {name: set() for name in ("license", "dataset", "region", "pipeline_tag", "other")}
    for row, mask in enumerate(site.view.masks):
        if mask & BITS["tags"] and not mask & listings.GONE:
            fields = site.view.fields(row)
            task = orjson.loads(bytes(fields["pipeline_tag"])) if "pipeline_tag" in fields else None
            for tag in (t for t in values(fields["tags"]) if isinstance(t, str)):
                prefix = tag.partition(":")[0] if ":" in tag else ""
                group = prefix if prefix in groups else "pipeline_tag" if tag == task else "other"
                groups[group].add(tag)
    found = {
        name: [{"id": tag, "label": tag.partition(":")[2] or tag, "type": name} for tag in sorted(tags)]
        for name, tags in groups.items()
        if wanted in (None, name)
    }
    return json_answer(found)


# -- one repo


def repo_api(site: Site, request: Request, kind: str, rest: list[str], fault: Fault | None) -> Answer:
    """/api/models/{id} and what hangs below it."""
    cut = next((i for i in (2, 1) if len(rest) > i and rest[i] in MARKERS), len(rest))
    repo_id, below = "/".join(rest[:cut]), rest[cut:]
    if any("/" in part for part in rest[:cut]):
        return error(400, "Invalid repo name: write the slash as it is, not as %2F")
    tail = "".join("/" + quote(part, safe="") for part in below)
    if fault and fault.kind == "other_repo" and (other := other_repo(site, fault, repo_id)):
        return redirect(f"/api/{kind}/{other}{tail}", request.query)
    target = locate(site, request, kind, repo_id, f"/api/{kind}/{{}}{tail}")
    if isinstance(target, Answer):
        return target
    if below[:1] not in ([], ["refs"]) and night_of(site, target, below[1] if len(below) > 1 else "main") is None:
        return bad_revision(below[1])
    match below:
        case [] | ["revision", _]:
            return info(site, request, target)
        case ["refs"]:
            main = {"name": "main", "ref": "refs/heads/main", "targetCommit": target.commit}
            pulls: dict[str, object] = {"pullRequests": []} if "include_prs" in request.query else {}
            return json_answer({"branches": [main], "tags": [], "converts": [], **pulls})
        case ["commits", _]:
            if target.truth("gated") and not may_read(site, request, target):
                return refused(target, request.token)
            date = orjson.loads(bytes(target.fields.get("lastModified", b"null")))
            commit = {"id": target.commit, "title": "Recorded", "message": "", "authors": [], "date": date}
            return json_answer([commit], headers=[("X-Total-Count", "1")])
        case ["tree", _, *path]:
            return tree(site, request, target, "/".join(path))
        case ["paths-info", _]:
            return paths_info(site, request, target)
    return error(404, "Sorry, we can't find the page you are looking for.")


def info(site: Site, request: Request, target: Target) -> Answer:
    """One repo's metadata; `expand` cuts it, otherwise all but what the Hub gives only on request."""
    fields = dict(target.fields)
    if target.kind == "models":
        try:
            shape = listings.parse_expand(request.params)
        except listings.BadRequest as e:
            return error(400, str(e))
        if shape:
            body = listings.shaped(msgspec.json.encode(fields), shape)
            return Answer(200, body, [("Content-Type", "application/json; charset=utf-8")])
        fields = {k: v for k, v in fields.items() if k not in _NOT_IN_INFO}
        fields["modelId"] = fields["id"]
    if ("blobs", "true") in request.params and "siblings" in fields:
        siblings = [dict(s) for s in values(fields["siblings"]) if isinstance(s, dict)]
        for sibling in siblings:
            if document := document_of(site, target, str(sibling.get("rfilename"))):
                sibling |= {"blobId": document.etag, "size": document.length}
        fields["siblings"] = msgspec.Raw(orjson.dumps(siblings))
    body = msgspec.json.encode(fields)
    etag = f'W/"{len(body):x}-{hashlib.sha1(body, usedforsecurity=False).hexdigest()[:27]}"'
    return Answer(200, body, [("Content-Type", "application/json; charset=utf-8"), ("ETag", etag)])


def files(site: Site, target: Target) -> list[str]:
    """Names of the repo's files: the recorded list and the recorded texts."""
    siblings = values(target.fields.get("siblings", msgspec.Raw(b"[]")))
    listed = [s.get("rfilename") for s in siblings if isinstance(s, dict)]
    return sorted({*(n for n in listed if isinstance(n, str)), *site.recording.paths(target.names, site.view.night)})


def entry(site: Site, target: Target, path: str) -> dict[str, object]:
    """A file's row in tree. Without a recorded text the oid is made from the name and the size is 0."""
    document = document_of(site, target, path)
    oid = document.etag if document else git_sha1(f"{target.repo_id}/{path}".encode())
    return {"type": "file", "oid": oid, "size": document.length if document else 0, "path": path}


def tree(site: Site, request: Request, target: Target, folder: str) -> Answer:
    """Files and directories below a folder, 1000 a page."""
    prefix = f"{folder}/" if folder else ""
    below = [f for f in files(site, target) if f.startswith(prefix)]
    given = dict(request.params)
    recursive = given.get("recursive", "").lower() in ("true", "1")
    folders = {prefix + "/".join(f[len(prefix) :].split("/")[:depth]) for f in below
               for depth in range(1, f[len(prefix) :].count("/") + 1)}  # fmt: skip
    names = sorted(n for n in {*below, *folders} if recursive or "/" not in n[len(prefix) :])
    if folder and not names:
        return error(404, f"{folder} does not exist", "EntryNotFound")
    limit = min(1000, int(given["limit"])) if given.get("limit", "").isdecimal() else 1000
    after = _tree_cursor(given.get("cursor", ""))
    names = [n for n in names if n > after]
    rows = [entry(site, target, n) if n not in folders else {"type": "directory", "oid": git_sha1(n.encode()),
            "size": 0, "path": n} for n in names[:limit]]  # fmt: skip
    headers: Headers = []
    if len(names) > limit:
        inner = base64.b64encode(orjson.dumps({"file_name": names[limit - 1]})).decode()
        cursor = base64.b64encode(f"{inner}:{limit}".encode()).decode()
        kept = [p for p in request.query.split("&") if p and not p.startswith("cursor=")]
        url = f"{request.base}{request.raw_path}?{'&'.join([*kept, 'cursor=' + quote(cursor, safe='')])}"
        headers.append(("Link", f'<{url}>; rel="next"'))
    return json_answer(rows, headers=headers)


def _tree_cursor(text: str) -> str:
    try:
        inner = base64.b64decode(text).decode().partition(":")[0]
        return str(orjson.loads(base64.b64decode(inner))["file_name"]) if inner else ""
    except (ValueError, KeyError, TypeError):
        return ""


def paths_info(site: Site, request: Request, target: Target) -> Answer:
    """Rows of the named files; files that are not there are left out, as on the Hub."""
    if "json" in request.headers.get("content-type", ""):
        try:
            given = orjson.loads(request.body)["paths"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return error(400, "paths is missing")
        wanted = given if isinstance(given, list) else [given]
    else:
        wanted = [v for k, v in parse_qsl(request.body.decode("utf-8", "replace")) if k == "paths"]
    there = set(files(site, target))
    return json_answer([entry(site, target, path) for path in wanted if path in there])

"""The replay Hub's file routes: resolve, its relative redirect, and resolve-cache with ETag, 304 and ranges.

Never serves config.json or weights (`COUNTED`: 404; `replay` counts who asked). Gated repos refuse everything but,
unless told otherwise, README.md.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

from crawler.recording import Document
from crawler.replay_faults import Fault
from crawler.replay_site import Answer, Headers, Request, Site, Target, document_of, error, locate, other_repo, redirect

#: Asking for one of these counts as a download of the model; the crawler must not, so the replay never has them.
COUNTED = re.compile(
    r"(^|/)(config\.json|config\.yaml|hyperparams\.yaml|params\.json|meta\.yaml|model_index\.json|adapter_config\.json)$"
    r"|\.(safetensors|bin|pt|pth|ckpt|gguf|ggml|h5|msgpack|onnx|pkl|npz|tflite|keras|pb|ot|mlmodel|nemo|llamafile)$"
)
_SHA = re.compile(r"[0-9a-f]{7,40}")


def night_of(site: Site, target: Target, rev: str) -> str | None:
    """The night whose texts a revision shows; None when there is no such revision."""
    if rev in ("main", "HEAD", "refs/heads/main") or (_SHA.fullmatch(rev) and target.commit.startswith(rev)):
        return site.view.night
    if target.row is None or not _SHA.fullmatch(rev):
        return None
    return next((night for sha, night in site.view.shas(target.row).items() if sha.startswith(rev)), None)


def bad_revision(rev: str) -> Answer:
    """A revision that the repo never had."""
    return error(404, f"Invalid rev id: {rev}", "RevisionNotFound")


def may_read(site: Site, request: Request, target: Target) -> bool:
    """Whether this client was granted access to a gated repo."""
    return request.token is not None and target.repo_id in site.access


def refused(target: Target, token: str | None) -> Answer:
    """A gated repo says no: 401 to the anonymous, 403 to a token without access."""
    name = f"{target.kind[:-1]} {target.repo_id}"
    if token is None:
        message = (
            f"Access to {name} is restricted. You must have access to it and be authenticated to access it. "
            "Please log in."
        )
        return error(401, message, "GatedRepo")
    message = f"Access to {name} is restricted and you are not in the authorized list."
    return error(403, message, "GatedRepo")


def opened(site: Site, request: Request, target: Target, rev: str, path: str) -> tuple[Document, str] | Answer:
    """The text of a file and its commit, or why it may not or cannot be read."""
    night = night_of(site, target, rev)
    if night is None:
        return bad_revision(rev)
    commit = target.commit
    if night != site.view.night and target.row is not None:
        commit = next(sha for sha, n in site.view.shas(target.row).items() if n == night)
    named: Headers = [("X-Repo-Commit", commit)]
    if target.truth("disabled"):
        return error(403, "Access to this resource is disabled.", headers=named)
    public = site.gated_cards and path == "README.md"
    if target.truth("gated") and not public and not may_read(site, request, target):
        return refused(target, request.token)
    document = None if COUNTED.search(path) else document_of(site, target, path, night)
    if document is None:
        return error(404, "Entry not found", "EntryNotFound", named)
    return document, commit


def resolve(site: Site, request: Request, kind: str, rest: list[str], fault: Fault | None) -> Answer:
    """/{id}/resolve/{rev}/{path}: a relative redirect to resolve-cache that already names commit and ETag."""
    cut = rest.index("resolve", 1) if "resolve" in rest[1:] else 0
    repo_id, rev, path = "/".join(rest[:cut]), "".join(rest[cut + 1 : cut + 2]), "/".join(rest[cut + 2 :])
    if not repo_id or not path:
        return error(404, "Sorry, we can't find the page you are looking for.")
    prefix = "/datasets/" if kind == "datasets" else "/"
    tail = f"/resolve/{quote(rev, safe='')}/{quote(path)}"
    if fault and fault.kind == "other_repo" and (other := other_repo(site, fault, repo_id)):
        return redirect(f"{prefix}{other}{tail}", request.query)
    target = locate(site, request, kind, repo_id, f"{prefix}{{}}{tail}")
    if isinstance(target, Answer):
        return target
    file = opened(site, request, target, rev, path)
    if isinstance(file, Answer):
        return file
    document, commit = file
    place = f"{kind}/{quote(target.repo_id)}/{commit}/{quote(path)}"
    headers: Headers = [("X-Repo-Commit", commit), ("Accept-Ranges", "bytes"), ("X-Hub-Cache", "MISS")]
    if (fault and fault.kind == "lfs") or target.repo_id in site.plan.faults.lfs:
        content = site.recording.file.read(document.start, document.length)
        linked = [("X-Linked-Size", str(document.length)), ("Cache-Control", "no-store"),
                  ("X-Linked-Etag", f'"{hashlib.sha256(content).hexdigest()}"')]  # fmt: skip
        return redirect(f"{site.foreign}/replay/cdn/{place}", "", headers + linked, 302)
    name = quote(path.rpartition("/")[2])
    headers += [
        ("X-Linked-Etag", f'"{document.etag}"'),
        ("Content-Disposition", f"inline; filename*=UTF-8''{name}; filename=\"{name}\";"),
    ]
    query = f"{quote(request.raw_path, safe='')}=&etag=%22{document.etag}%22"
    return redirect(f"/api/resolve-cache/{place}", query, headers)


def resolve_cache(site: Site, request: Request, kind: str, rest: list[str]) -> Answer:
    """The bytes of a small file: strong ETag (git sha1), 304, ranges."""
    cut = next((i for i in (1, 2) if len(rest) > i + 1 and re.fullmatch(r"[0-9a-f]{40}", rest[i])), 0)
    if not cut:
        return error(404, "Entry not found", "EntryNotFound")
    target = locate(site, request, kind, "/".join(rest[:cut]), f"/api/resolve-cache/{kind}/{{}}/{'/'.join(rest[cut:])}")
    if isinstance(target, Answer):
        return target
    file = opened(site, request, target, rest[cut], "/".join(rest[cut + 1 :]))
    if isinstance(file, Answer):
        return file
    document, commit = file
    etag = f'"{document.etag}"'
    headers: Headers = [("ETag", etag), ("X-Repo-Commit", commit), ("Accept-Ranges", "bytes"),
                        ("Content-Type", "text/plain; charset=utf-8")]  # fmt: skip
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if etag in known or "*" in known:
        return Answer(304, b"", headers)
    content = site.recording.file.read(document.start, document.length)
    return ranged(content, request.headers.get("range"), headers)


def ranged(content: bytes, wanted: str | None, headers: Headers) -> Answer:
    """The whole content, or the one range that was asked for: 206, or 416 when it lies outside."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted or "")
    if match is None or match[0] == "bytes=-":
        return Answer(200, content, headers)
    size = len(content)
    if match[1]:
        start, end = int(match[1]), min(int(match[2] or size), size - 1)
    else:
        start, end = max(0, size - int(match[2])), size - 1
    if start > end:
        return Answer(416, b"", [*headers, ("Content-Range", f"bytes */{size}")])
    part = ("Content-Range", f"bytes {start}-{end}/{size}")
    return Answer(206, content[start : end + 1], [*headers, part])

"""Models as a CycloneDX 1.6 bill of materials: one machine-learning-model component for each. Pure.

Does: name, revision, purl, licences declared and concluded, ancestors with their relation, task, our verdict as
properties. Does not: judge, or write what is not known; CycloneDX has no word for 'unknown', so it is left out.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from index.rows import Model

_NAMESPACE = uuid.UUID("6f70656e-6e65-5373-8000-000000000002")


class Base(NamedTuple):
    """A declared ancestor."""

    id: str
    relation: str
    conflict: str


class Item(NamedTuple):
    """One model with what stands beside it. `cells`: dimension -> value; `spdx`: licence id -> SPDX id."""

    model: Model
    bases: Sequence[Base]
    cells: Mapping[str, str]


def bill(items: Sequence[Item], published: str, version: str, spdx: Mapping[str, str]) -> dict[str, Any]:
    """The document. Its serial number is made of its models, revisions and verdicts: same in, same out."""
    named = "\n".join(f"{i.model.oid} {i.model.sha} {i.model.judged} {i.model.rules_version}" for i in items)
    tool = {"type": "application", "name": "openness", "version": version}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{published} {named}')}",
        "version": 1,
        "metadata": {**({"timestamp": published} if published else {}), "tools": {"components": [tool]}},
        "components": [_component(item, spdx) for item in items],
    }


def purl(model_id: str, sha: str | None = None) -> str:
    """pkg:huggingface/org/name@revision."""
    path = "/".join(quote(part, safe="") for part in model_id.split("/"))
    return f"pkg:huggingface/{path}" + (f"@{quote(sha.lower(), safe='')}" if sha else "")


def _component(item: Item, spdx: Mapping[str, str]) -> dict[str, Any]:
    model = item.model
    at = purl(model.id, model.sha)
    found = {**_name(model.id), "bom-ref": f"{at}#{model.oid}", "purl": at}
    if model.sha:
        found["version"] = model.sha
    licences = list(_licences(model, spdx))
    if licences:
        found["licenses"] = licences
    if model.url:
        found["externalReferences"] = [{"type": "distribution", "url": model.url}]
    if item.bases:
        found["pedigree"] = {"ancestors": [{**_name(b.id), "purl": purl(b.id), **_related(b)} for b in item.bases]}
    if model.pipeline_tag:
        found["modelCard"] = {"modelParameters": {"task": model.pipeline_tag}}
    found["properties"] = [{"name": name, "value": value} for name, value in _properties(item)]
    return found


def _name(model_id: str) -> dict[str, Any]:
    group, _, name = model_id.rpartition("/")
    return {"type": "machine-learning-model", **({"group": group} if group else {}), "name": name or model_id}


def _related(base: Base) -> dict[str, Any]:
    return {"properties": [{"name": "openness:relation", "value": base.relation}]} if base.relation else {}


def _licences(model: Model, spdx: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    """What it declares (each of several), and what binds it after its ancestors where that is another."""
    declared = [part.strip() for part in (model.license or "").split(",") if part.strip()]
    effective = model.license_effective or "no-license"
    concluded = [] if effective in ("no-license", *declared) else [effective]
    for word, acknowledgement in [*((d, "declared") for d in declared), *((c, "concluded") for c in concluded)]:
        license: dict[str, Any] = {"acknowledgement": acknowledgement}
        if word in spdx:
            license["id"] = spdx[word]
        else:
            license["name"] = model.license_name if word == "other" and model.license_name else word
            link = urlsplit(model.license_link or "")
            if acknowledgement == "declared" and link.scheme in ("http", "https") and link.netloc:
                license["url"] = link.geturl()
        yield {"license": license}


def _properties(item: Item) -> Iterable[tuple[str, str]]:
    model = item.model
    named = (
        "level", "level_max", "level_name", "restriction", "license_effective", "gated", "radboud_score", "eu_score",
        "mof_class", "family", "judged", "rules_version",
    )  # fmt: skip
    for name in named:
        value = getattr(model, name)
        if value not in (None, ""):
            yield f"openness:{name}", str(value)
    if model.claims_open_source is not None:
        yield "openness:claims_open_source", "true" if model.claims_open_source else "false"
    for dimension, value in item.cells.items():
        yield f"openness:cell:{dimension}", value
    for base in item.bases:
        if base.conflict:
            yield "openness:license_conflict", base.conflict

"""A model as a CycloneDX 1.6 bill of materials. Pure: the page of a model in, plain JSON values out.

Does not judge, and leaves out what is not known: CycloneDX has no word for 'unknown'.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from index.rows import Ancestor, Model, Page
from index.site.render import safe_link

_NAMESPACE = uuid.UUID("6f70656e-6e65-5373-8000-000000000001")
_SPDX = {
    "apache-2.0": "Apache-2.0", "mit": "MIT", "bsd-3-clause": "BSD-3-Clause", "bsd-2-clause": "BSD-2-Clause",
    "gpl-3.0": "GPL-3.0-only", "agpl-3.0": "AGPL-3.0-only", "lgpl-3.0": "LGPL-3.0-only", "gpl-2.0": "GPL-2.0-only",
    "mpl-2.0": "MPL-2.0", "cc-by-4.0": "CC-BY-4.0", "cc-by-sa-4.0": "CC-BY-SA-4.0", "cc0-1.0": "CC0-1.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0", "cc-by-nc-sa-4.0": "CC-BY-NC-SA-4.0", "cc-by-nc-nd-4.0": "CC-BY-NC-ND-4.0",
    "cc-by-3.0": "CC-BY-3.0", "cc-by-sa-3.0": "CC-BY-SA-3.0", "unlicense": "Unlicense", "isc": "ISC", "wtfpl": "WTFPL",
    "artistic-2.0": "Artistic-2.0", "bsl-1.0": "BSL-1.0", "zlib": "Zlib", "afl-3.0": "AFL-3.0", "eupl-1.2": "EUPL-1.2",
}  # fmt: skip


def bill(page: Page, published: str, dimensions: Sequence[str]) -> dict[str, Any]:
    """The document. The serial number is made of the model, its revision and the day it was judged: same in, same out."""
    model = page.model
    serial = uuid.uuid5(_NAMESPACE, f"{model.oid} {model.sha} {model.judged} {model.rules_version}")
    component = _component(model)
    found = _licences(model)
    if found:
        component["licenses"] = found
    url = safe_link(model.url)
    if url:
        component["externalReferences"] = [{"type": "distribution", "url": url}]
    ancestors = [_plain_component(a) for a in page.ancestors]
    if ancestors:
        component["pedigree"] = {"ancestors": ancestors}
    if model.pipeline_tag:
        component["modelCard"] = {"modelParameters": {"task": model.pipeline_tag}}
    component["properties"] = [{"name": n, "value": v} for n, v in _properties(page, dimensions)]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            **({"timestamp": published} if published else {}),
            "tools": {"components": [{"type": "application", "name": "openness"}]},
        },
        "components": [component],
    }


def _component(model: Model) -> dict[str, Any]:
    group, _, name = model.id.rpartition("/")
    found: dict[str, Any] = {
        "type": "machine-learning-model", "bom-ref": purl(model.id, model.sha), "name": name,
        "purl": purl(model.id, model.sha),
    }  # fmt: skip
    if group:
        found["group"] = group
    if model.sha:
        found["version"] = model.sha
    return found


def _plain_component(ancestor: Ancestor) -> dict[str, Any]:
    group, _, name = ancestor.id.rpartition("/")
    found: dict[str, Any] = {"type": "machine-learning-model", "name": name or ancestor.id, "purl": purl(ancestor.id, None)}
    if group:
        found["group"] = group
    if ancestor.ancestors:
        found["pedigree"] = {"ancestors": [_plain_component(a) for a in ancestor.ancestors]}
    return found


def purl(model_id: str, sha: str | None) -> str:
    """pkg:huggingface/org/name@revision."""
    path = "/".join(quote(part, safe="") for part in model_id.split("/"))
    return f"pkg:huggingface/{path}" + (f"@{sha.lower()}" if sha else "")


def _licences(model: Model) -> list[dict[str, Any]]:
    """What it declares, and what binds it after its ancestors when that is another one."""
    found = []
    for word, acknowledgement in ((model.license, "declared"), (model.license_effective, "concluded")):
        if not word or (acknowledgement == "concluded" and word == model.license):
            continue
        license: dict[str, Any] = {"acknowledgement": acknowledgement}
        if word in _SPDX:
            license["id"] = _SPDX[word]
        else:
            license["name"] = model.license_name if word == "other" and model.license_name else word
            link = safe_link(model.license_link) if word == model.license else ""
            if link:
                license["url"] = link
        found.append({"license": license})
    return found


def _properties(page: Page, dimensions: Sequence[str]) -> Iterator[tuple[str, str]]:
    model = page.model
    named = (
        ("level", model.level), ("level_max", model.level_max), ("level_name", model.level_name),
        ("restriction", model.restriction), ("license_effective", model.license_effective), ("gated", model.gated),
        ("judged", model.judged), ("rules_version", model.rules_version), ("mof_class", model.mof_class),
    )  # fmt: skip
    for name, value in named:
        if value:
            yield f"openness:{name}", value
    values = {c.dimension: c.value for c in page.cells}
    for dimension in dimensions:
        if dimension in values:
            yield f"openness:cell:{dimension}", values[dimension]
    for ancestor in page.ancestors:
        if ancestor.conflict:
            yield "openness:license_conflict", ancestor.conflict

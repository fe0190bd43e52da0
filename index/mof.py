"""The Model Openness Framework 1.0, evaluated the way its Model Openness Tool (MOT) does it.

Does: decide the class (III Open Model, II Open Tooling, I Open Science) and the progress of each from a record of the
17 components with their licences, with MOT's licence fall-backs, and with MOT's quirks as an option.
Does not: check that a component exists or that a link works (MOT does not either: a record is a declaration), read
files, or make a record out of our evidence (`mof_record.py`).

A class counts only when every lower one is complete; until then its progress is 0. A component counts only when an open
licence covers it. Classes go down as openness goes up, as in MOF: I is the most open.
Source: MOF 1.0 of 2024-12-15 and lfai/model_openness_tool 8b5d30e of 2026-05-11 (MIT, LF AI & Data); re-implemented
from a description of what it does, none of its code or data copied.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from index.licenses import find


class Kind(StrEnum):
    """What a component is, and what a licence is meant for. MOF counts parameters as data."""

    CODE = "code"
    DATA = "data"
    DOCUMENT = "document"


class State(StrEnum):
    """How a component stands in a record. Only `open` counts."""

    OPEN = "open"
    NOT_OPEN = "not-open"  # a licence is stated and it is not an open one (or MOT cannot read it)
    UNLICENSED = "unlicensed"  # no licence reaches it
    DECLARED_ABSENT = "declared-absent"  # listed with the words 'component not included' for a licence
    ABSENT = "absent"  # not listed


class Component(NamedTuple):
    """One of the 17 parts of a release; `class_` is the first class that asks for it (3, 2 or 1)."""

    key: str
    name: str  # as MOT writes it
    kind: Kind
    class_: int
    required: bool
    question: str


_C, _D, _T = Kind.CODE, Kind.DATA, Kind.DOCUMENT
COMPONENTS = (
    Component("architecture_code", "Model architecture", _C, 3, True, "Is the code of the architecture there?"),
    Component("params_final", "Model parameters (Final)", _D, 3, True, "Are the final weights there?"),
    Component("evaluation_results", "Evaluation results", _T, 3, True, "Are results of an evaluation published?"),
    Component("model_card", "Model card", _T, 3, True, "Does a model card describe the model?"),
    Component("data_card", "Data card", _T, 3, True, "Is there a description of the data sets?"),
    Component(
        "tech_report", "Technical report", _T, 3, True, "Is there a report (or, in its place, a research paper)?"
    ),
    Component("sample_outputs", "Sample model outputs", _T, 3, False, "Are examples of its output shown?"),
    Component("training_code", "Training code", _C, 2, True, "Is the code that trained it there?"),
    Component("inference_code", "Inference code", _C, 2, True, "Is code to run it there?"),
    Component("evaluation_code", "Evaluation code", _C, 2, True, "Is the code that evaluated it there?"),
    Component("evaluation_data", "Evaluation data", _D, 2, True, "Is the data it was evaluated on there?"),
    Component("libraries", "Supporting libraries and tools", _C, 2, False, "Are supporting libraries named and there?"),
    Component("datasets", "Datasets", _D, 1, True, "Are the data sets it was trained on there?"),
    Component("preproc_code", "Data preprocessing code", _C, 1, True, "Is the code that prepared the data there?"),
    Component(
        "params_intermediate", "Model parameters (Intermediate)", _D, 1, True, "Are checkpoints of training there?"
    ),
    Component("paper", "Research paper", _T, 1, True, "Is there a research paper?"),
    Component("metadata", "Model metadata", _D, 1, False, "Is other metadata there (configuration, optimiser states)?"),
)
BY_KEY = {c.key: c for c in COMPONENTS}
_BY_NAME = {c.name: c for c in COMPONENTS}
_QUIRK_FALLBACK = BY_KEY["datasets"]  # quirk: MOT files a name that it does not know under its first entry

# Licence facts: SPDX ids with the flag "OSI approved", and those that are only "FSF libre" (SPDX list d8abdb0).
_OSI = """
    0BSD AAL AFL-1.1 AFL-1.2 AFL-2.0 AFL-2.1 AFL-3.0 AGPL-3.0 AGPL-3.0-only AGPL-3.0-or-later APL-1.0 APSL-1.0
    APSL-1.1 APSL-1.2 APSL-2.0 Apache-1.1 Apache-2.0 Artistic-1.0 Artistic-1.0-Perl Artistic-1.0-cl8 Artistic-2.0
    BSD-1-Clause BSD-2-Clause BSD-2-Clause-Patent BSD-3-Clause BSD-3-Clause-LBNL BSL-1.0 BlueOak-1.0.0 CAL-1.0
    CAL-1.0-Combined-Work-Exception CATOSL-1.1 CDDL-1.0 CECILL-2.1 CERN-OHL-P-2.0 CERN-OHL-S-2.0 CERN-OHL-W-2.0
    CNRI-Python CPAL-1.0 CPL-1.0 CUA-OPL-1.0 ECL-1.0 ECL-2.0 EFL-1.0 EFL-2.0 EPL-1.0 EPL-2.0 EUDatagrid EUPL-1.1
    EUPL-1.2 Entessa Fair Frameworx-1.0 GPL-2.0 GPL-2.0+ GPL-2.0-only GPL-2.0-or-later GPL-3.0 GPL-3.0+
    GPL-3.0-only GPL-3.0-or-later GPL-3.0-with-GCC-exception HPND ICU IPA IPL-1.0 ISC Intel Jam LGPL-2.0 LGPL-2.0+
    LGPL-2.0-only LGPL-2.0-or-later LGPL-2.1 LGPL-2.1+ LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0 LGPL-3.0+
    LGPL-3.0-only LGPL-3.0-or-later LPL-1.0 LPL-1.02 LPPL-1.3c LiLiQ-P-1.1 LiLiQ-R-1.1 LiLiQ-Rplus-1.1 MIT MIT-0
    MIT-Modern-Variant MPL-1.0 MPL-1.1 MPL-2.0 MPL-2.0-no-copyleft-exception MS-PL MS-RL MirOS Motosoto
    MulanPSL-2.0 Multics NASA-1.3 NCSA NGPL NPOSL-3.0 NTP Naumen Nokia OCLC-2.0 OFL-1.1 OFL-1.1-RFN OFL-1.1-no-RFN
    OGTSL OLDAP-2.8 OLFL-1.3 OSET-PL-2.1 OSL-1.0 OSL-2.0 OSL-2.1 OSL-3.0 PHP-3.0 PHP-3.01 PostgreSQL Python-2.0
    QPL-1.0 RPL-1.1 RPL-1.5 RPSL-1.0 RSCPL SISSL SPL-1.0 SimPL-2.0 Sleepycat UCL-1.0 UPL-1.0 Unicode-3.0
    Unicode-DFS-2016 Unlicense VSL-1.0 W3C Watcom-1.0 Xnet ZPL-2.0 ZPL-2.1 Zlib wxWindows
"""
_FSF_ONLY = """
    AGPL-1.0 Apache-1.0 BSD-2-Clause-FreeBSD BSD-2-Clause-NetBSD BSD-3-Clause-Clear BSD-4-Clause BitTorrent-1.1
    CC-BY-4.0 CC-BY-SA-4.0 CC0-1.0 CECILL-2.0 CECILL-B CECILL-C ClArtistic Condor-1.1 FSFAP FTL GFDL-1.1
    GFDL-1.1-only GFDL-1.1-or-later GFDL-1.2 GFDL-1.2-only GFDL-1.2-or-later GFDL-1.3 GFDL-1.3-only
    GFDL-1.3-or-later IJG Imlib2 LPPL-1.2 LPPL-1.3a NOSL NPL-1.0 NPL-1.1 Nunit ODbL-1.0 OFL-1.0 OLDAP-2.3
    OLDAP-2.7 OSL-1.1 OpenSSL Ruby SGI-B-2.0 SMLNJ StandardML-NJ Vim WTFPL X11 XFree86-1.1 YPL-1.1 Zend-2.0
    Zimbra-1.3 eCos-2.0 gnuplot iMatix xinetd
"""
# MOT's own list of open data licences, 29 of its 31 ids: they explain every published outcome (and CC-PDDC is not one
# of them: MOT's test files show it). The other two are not known here, and a licence we do not know is not open.
# 'ODC-PDDL-1.0' is MOT's slip for PDDL-1.0 and kept as a quirk.
_OPEN_DATA = """
    CC-BY-1.0 CC-BY-2.0 CC-BY-2.5 CC-BY-2.5-AU CC-BY-3.0 CC-BY-3.0-AT CC-BY-3.0-AU CC-BY-3.0-DE CC-BY-3.0-IGO
    CC-BY-3.0-NL CC-BY-3.0-US CC-BY-4.0 CC-BY-SA-1.0 CC-BY-SA-2.0 CC-BY-SA-2.0-UK CC-BY-SA-2.1-JP CC-BY-SA-2.5
    CC-BY-SA-3.0 CC-BY-SA-3.0-AT CC-BY-SA-3.0-DE CC-BY-SA-3.0-IGO CC-BY-SA-4.0 CC0-1.0 CDLA-Permissive-1.0
    CDLA-Permissive-2.0 CDLA-Sharing-1.0 ODC-By-1.0 ODC-PDDL-1.0 ODbL-1.0
"""
OPEN_IN_MOT = frozenset(f"{_OSI} {_FSF_ONLY} {_OPEN_DATA} OpenMDW-1.0".split())
# Without the quirks: real ids of open terms that MOT's string test misses.
OPEN = (OPEN_IN_MOT - {"ODC-PDDL-1.0"}) | {"PDDL-1.0", "OpenMDW-1.1", "etalab-2.0"}

# What a licence is meant for, where MOT says so; any other open licence passes with a warning.
_FOR_CODE = (
    "0BSD AFL-1.1 AFL-1.2 AFL-2.0 AFL-2.1 AFL-3.0 Apache-1.0 Apache-1.1 ECL-1.0 ECL-2.0 ISC MIT MIT-0 MulanPSL-1.0 "
    "MulanPSL-2.0 NCSA UPL-1.0"
)
_FOR_DATA = "CDLA-Permissive-1.0 CDLA-Permissive-2.0 C-UDA-1.0 PDDL-1.0"
_FOR_DOCUMENTS = "CC-BY-4.0 CC-BY-SA-3.0 CC-BY-SA-4.0 FreeBSD-DOC CC-PDDC CC0-1.0"
_TYPES_IN_MOT: dict[str, frozenset[Kind]] = {
    **dict.fromkeys(_FOR_CODE.split(), frozenset({_C})),
    **dict.fromkeys(_FOR_DATA.split(), frozenset({_D})),
    # quirk: CC0-1.0 and CC-PDDC are listed for data and again for documents, and the second entry wins
    **dict.fromkeys(_FOR_DOCUMENTS.split(), frozenset({_T})),
    "Apache-2.0": frozenset({_C, _T}),
    "OpenMDW-1.0": frozenset(Kind),
}
_TYPES = {
    **_TYPES_IN_MOT,
    "CC0-1.0": frozenset({_D, _T}),
    "CC-BY-4.0": frozenset({_D, _T}),  # MOF itself recommends CC-BY-4.0 for data and parameters
    "OpenMDW-1.1": frozenset(Kind),
}

_ABSENT_WORDS = re.compile(r"component(?: component)? not includ", re.I)


class Stated(NamedTuple):
    """A component as the record lists it. `license` None: none of its own, the record's global ones apply."""

    name: str
    license: str | None = None


class MofRecord(NamedTuple):
    """What one release declares: its components and the licences meant for all of a kind."""

    name: str
    components: tuple[Stated, ...]
    distribution: str | None = None  # the licence of the whole release
    code: str | None = None
    data: str | None = None
    document: str | None = None


class ComponentStatus(NamedTuple):
    """How one of the 17 stands. `license` is the one that applies; `type_appropriate` None when none applies."""

    key: str
    state: State
    license: str | None = None
    type_appropriate: bool | None = None


class MofResult(NamedTuple):
    """`class_` 1, 2 or 3, None when no class is reached; progress in per cent, 0.0..100.0."""

    class_: int | None
    progress_iii: float
    progress_ii: float
    progress_i: float
    components: tuple[ComponentStatus, ...]  # 17, in the order of COMPONENTS
    warnings: tuple[str, ...] = ()

    def progress(self, class_: int) -> float:
        """Per cent of what class 1, 2 or 3 requires."""
        return {1: self.progress_i, 2: self.progress_ii, 3: self.progress_iii}[class_]


def open_id(text: str, *, quirks: bool) -> str | None:
    """The id of the open licence that a string names; None for any other. With quirks only the exact SPDX id counts."""
    if quirks:
        return text if text in OPEN_IN_MOT else None
    text = text.strip()
    if text in OPEN:
        return text
    entry = find(text)
    if entry is None or not entry.is_conformant:
        return None
    return entry.spdx or entry.id


def evaluate(record: MofRecord, *, quirks: bool) -> MofResult:
    """Class, progress and the state of every component.

    `quirks=True` is MOT to the letter: exact SPDX strings, unknown component names counted as data sets, PDDL-1.0 not
    open, CC0 meant for documents only. `quirks=False` is what MOF means: usual spellings read, unknown names left out.
    Either way a data set without a licence does not count, as in MOT's code (its tooltip says otherwise): a data set
    that nobody may use makes nothing open. MOT's key by label and its hiding of old records are matters of its site.
    """
    listed, warnings = _listed(record, quirks)
    statuses = tuple(_status(c, listed, record, quirks) for c in COMPONENTS)
    class_, iii, ii, i = _classify(frozenset(s.key for s in statuses if s.state is State.OPEN))
    warnings += [
        f"{BY_KEY[s.key].name}: {s.license} is open but not meant for {BY_KEY[s.key].kind}"
        for s in statuses
        if s.state is State.OPEN and not s.type_appropriate
    ]
    return MofResult(class_, iii, ii, i, statuses, tuple(warnings))


def _listed(record: MofRecord, quirks: bool) -> tuple[dict[str, Stated], list[str]]:
    """Components by key (the last of a name wins, as in MOT) and what was odd about them."""
    listed: dict[str, Stated] = {}
    warnings = []
    for stated in record.components:
        component = _BY_NAME.get(stated.name)
        if component is None:
            warnings.append(f"unknown component {stated.name!r} " + ("counted as Datasets" if quirks else "left out"))
            if not quirks:
                continue
            component = _QUIRK_FALLBACK
        listed[component.key] = stated
    return listed, warnings


def _status(component: Component, listed: Mapping[str, Stated], record: MofRecord, quirks: bool) -> ComponentStatus:
    stated = listed.get(component.key)
    if stated is None:
        return ComponentStatus(component.key, State.ABSENT)
    if stated.license:
        text = stated.license
    else:
        text = {_C: record.code, _D: record.data, _T: record.document}[component.kind] or record.distribution or ""
    if not text or text == "unlicensed":
        return ComponentStatus(component.key, State.UNLICENSED)
    if _ABSENT_WORDS.search(text):
        return ComponentStatus(component.key, State.DECLARED_ABSENT, text)
    known = open_id(text, quirks=quirks)
    if known is None:
        return ComponentStatus(component.key, State.NOT_OPEN, text, False)
    fits = component.kind in (_TYPES_IN_MOT if quirks else _TYPES).get(known, frozenset())
    return ComponentStatus(component.key, State.OPEN, known, fits)


_REQUIRED = {n: frozenset(c.key for c in COMPONENTS if c.required and c.class_ >= n) for n in (3, 2, 1)}


def _classify(included: frozenset[str]) -> tuple[int | None, float, float, float]:
    """(class, progress of III, II, I). 6, 10 and 14 components; 13 when the paper stands in for the report."""
    stands_in = "paper" in included and "tech_report" not in included
    class_: int | None = None
    progress = {3: 0.0, 2: 0.0, 1: 0.0}
    for n in (3, 2, 1):
        required = _REQUIRED[n]
        if stands_in:
            required = (required - {"tech_report"}) | {"paper"}
        have = len(required & included)
        progress[n] = have / len(required) * 100
        if have < len(required):
            break
        class_ = n
    return class_, progress[3], progress[2], progress[1]


class BadRecord(ValueError):
    """A document that is not a MOT record; the message says what is missing."""


def parse_record(document: object) -> MofRecord:
    """A MOT record (the parsed YAML or JSON of one file) as a value. Raises BadRecord."""
    release = document.get("release") if isinstance(document, Mapping) else None
    if not isinstance(release, Mapping):
        raise BadRecord("no 'release' in it")
    components = release.get("components")
    if components is not None and not isinstance(components, list):
        raise BadRecord("'components' is not a list")
    stated = tuple(
        Stated(str(c["name"]), _text(c.get("license")))
        for c in components or ()
        if isinstance(c, Mapping) and "name" in c
    )
    licenses = release.get("license")
    by_kind = licenses if isinstance(licenses, Mapping) else {"distribution": licenses}
    return MofRecord(
        name=_text(release.get("name")) or "",
        components=stated,
        distribution=_license_name(by_kind.get("distribution")),
        code=_license_name(by_kind.get("code")),
        data=_license_name(by_kind.get("data")),
        document=_license_name(by_kind.get("document")),
    )


def _license_name(value: object) -> str | None:
    return _text(value.get("name") if isinstance(value, Mapping) else value)


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str | int | float) and str(value).strip() else None

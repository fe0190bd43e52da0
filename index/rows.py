"""What the commands get out of index.db, as frozen values: one class for each thing that is read. Nothing else.

A page of one model, a change, a claim, the end of a night: filled by queries.py, put into words by explain.py, drawn
by terminal.py. None = the Hub did not say, or it was not judged; never "no".
"""

from __future__ import annotations

from typing import NamedTuple

from index.trends import Series


class Model(NamedTuple):
    """One row of `models`; None = the Hub did not say, or not judged."""

    id: str
    oid: str
    author: str | None
    level: str | None
    level_name: str | None
    level_max: str | None
    restriction: str | None
    license: str | None
    license_effective: str | None
    license_name: str | None
    license_link: str | None
    gated: str | None
    downloads: int | None
    downloads_all_time: int | None
    likes: int | None
    pipeline_tag: str | None
    library: str | None
    base_model: str | None
    family: str | None
    radboud_score: float | None
    eu_score: float | None
    mof_class: str | None
    claims_open_source: int | None
    created_at: str | None
    last_modified: str | None
    sha: str | None
    observed: str
    first_seen: str
    last_seen: str
    missing_since: str | None
    judged: str | None
    rules_version: str | None
    url: str | None
    cells: str | None = None  # 14 letters in the order of Dimension: o p c u n


class Proof(NamedTuple):
    """One row of `evidence`: what a probe saw, and where to see it again."""

    dimension: str
    probe: str
    outcome: str
    quote: str
    place: str
    value: str
    sha: str | None
    observed: str | None


class Cell(NamedTuple):
    """One of the 14 characteristics, judged, with its evidence."""

    dimension: str
    title: str
    value: str
    rule: str
    reason: str
    evidence: tuple[Proof, ...]


class License(NamedTuple):
    """What the catalogue knows of one licence, with its source; 'none', 'unknown', 'not-checked' as stored."""

    id: str
    name: str
    osi_approved: str | None
    conformant: str | None
    restriction: str | None
    commercial_use: str | None
    derivatives: str | None
    user_threshold: str | None
    naming_duty: str | None
    field_of_use: str | None
    output_training: str | None
    territory: str | None
    confidence: str | None
    source: str | None
    checked: str | None


class Ancestor(NamedTuple):
    """One declared base model, with its own. `level` None: not on the Hub as far as we know, or not judged."""

    id: str
    relation: str
    stated_by: str
    license: str | None  # the child's
    base_license: str | None  # the ancestor's effective one
    conflict: str
    level: str | None
    known: bool
    ancestors: tuple[Ancestor, ...] = ()


class Change(NamedTuple):
    """One event; `downloads` of the last 30 days that night is its weight.

    It happened after `not_before`, the last night on which the old state was seen, and by `date`. None: on `date`.
    """

    date: str
    id: str
    field: str
    old: str | None
    new: str | None
    downloads: int | None
    cause: str | None
    not_before: str | None = None
    note: str | None = None  # of a review: what, why, who, when


class Verdict(NamedTuple):
    """A verdict by the day it came into force."""

    date: str
    level: str
    level_max: str
    restriction: str
    cause: str
    rules_version: str
    note: str | None = None  # of a review: what, why, who, when


class Claim(NamedTuple):
    """A model that calls itself open source and is not shown to be. holds: 'no' excluded, 'not shown' unproved."""

    id: str
    holds: str
    level: str
    level_name: str | None
    restriction: str | None
    license_effective: str | None
    quote: str | None
    downloads: int | None


class Page(NamedTuple):
    """Everything that is shown of one model."""

    model: Model
    cells: tuple[Cell, ...]
    claims: tuple[Proof, ...]
    license: License | None
    license_effective: License | None
    ancestors: tuple[Ancestor, ...]
    changes: tuple[Change, ...]
    verdicts: tuple[Verdict, ...]
    series: Series


class FamilyPage(NamedTuple):
    """A family and the repositories that its maker published, the most downloaded first."""

    name: str
    maker: str | None
    released: str | None
    models: int  # on the Hub, fine-tunes and copies included
    official: tuple[Model, ...]
    licenses: tuple[License | None, ...]  # of `official`, in its order: what the catalogue knows of the effective one


class LevelCount(NamedTuple):
    """Models now on the Hub at one level ('not judged' for none), and their 30-day downloads where known.

    `may_be_higher`: those of them whose level is only what is proved so far (`level_max` is above `level`).
    `counted`: those of them whose downloads are known.
    """

    level: str
    name: str
    models: int
    downloads: int | None
    may_be_higher: int = 0
    counted: int = 0


class Summary(NamedTuple):
    """What `openness nightly` says at its end. `best_known`: family, its most downloaded own model, the licence."""

    date: str | None
    complete: bool
    levels: tuple[LevelCount, ...]
    best_known: tuple[tuple[str, Model, License | None], ...]
    claims: tuple[Claim, ...]


class Status(NamedTuple):
    """The state of a data directory. Sizes in bytes, None = the file is not there; None elsewhere = never happened."""

    data: str
    hub: str | None = None
    crawl_date: str | None = None
    crawl_finished: str | None = None
    crawl_complete: bool | None = None
    crawl_models: int | None = None
    rejects: int | None = None
    backlog: int | None = None  # documents that are due
    judged: str | None = None
    judged_models: int | None = None
    published: str | None = None
    next_run: str | None = None
    sizes: tuple[tuple[str, int | None], ...] = ()

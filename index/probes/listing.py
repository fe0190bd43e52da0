"""Probes over one row of the Hub's listing: files, gating, licence fields, declared bases, tags, config.

Pure; each reports what the row shows, where, and what it does not show. A file list that was not shown is
`unavailable`, one that was cut is never a `no`. Judges nothing and reads no document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.records import Repo, strings
from index.families import is_official
from index.model import Dimension as D
from index.model import Evidence, Outcome
from index.probes import origins, probe
from index.probes.files import Files, sort_files

YES, NO, NOT_STATED, UNAVAILABLE = Outcome.YES, Outcome.NO, Outcome.NOT_STATED, Outcome.UNAVAILABLE
MAX_QUOTE = 200
#: More bases or datasets than this are counted, not quoted: one evidence says how many were left out.
MAX_NAMES = 12
#: Tags that the Hub sets when it finds weights of that format.
_WEIGHT_TAGS = {
    "safetensors": "safetensors", "gguf": "gguf", "pytorch": "pytorch", "tf": "keras", "jax": "flax", "onnx": "onnx",
    "coreml": "coreml", "tflite": "tflite", "rust": "rust", "openvino": "openvino", "paddlepaddle": "paddle",
    "nemo": "nemo", "stable-baselines3": "zip", "ggml": "ggml",
}  # fmt: skip
#: Of these, the ones that the Hub sets by what files it finds: against them, no list proves that there are no weights.
_FOUND_BY_HUB = frozenset({"safetensors", "gguf", "pytorch", "tf", "jax", "onnx"})
_LICENSE_FILE = re.compile(r"^[^/]*(?:licen[cs]e|copying|use_policy)[^/]*$", re.IGNORECASE)
_TEXT_FILE = re.compile(r"^[^.]*$|\.(?:md|txt|rst|pdf|html?|tex|apache|mit)$|\.(?:licen[cs]e)$|-\d\.\d$", re.IGNORECASE)
_TRAINING = re.compile(
    r"(?:^|/)(?:run_)?(?:[\w-]*_)?(?:pre[-_]?train(?:ing|er)?|train(?:ing|er)?|fine[-_]?tun(?:e|ing)|sft|dpo|rlhf|ppo"
    r"|distill?(?:ation)?)(?:[-_.][\w.-]*)?\.(?:py|sh|ipynb)$"
    r"|(?:^|/)run_(?:clm|mlm|glue|squad|qa|ner|translation|summarization|speech|flax|seq2seq|classification)\w*\.(?:sh|py)$",
    re.IGNORECASE,
)
_DATA_CODE = re.compile(
    r"(?:^|/)(?:[\w-]*_)?(?:pre[-_]?process\w*|prepare_\w*data\w*|data_prep\w*|build_dataset|make_dataset|process_data)"
    r"[\w-]*\.(?:py|sh|ipynb)$",
    re.IGNORECASE,
)
_RESULTS = re.compile(r"(?:^|/)\.eval_results/|(?:^|/)(?:eval|all|test|predict)_results\.(?:json|txt)$", re.IGNORECASE)
_CHECKPOINT = re.compile(r"^(?:.*/)?((?:checkpoint|ckpt|step|global_step|iter|epoch)[-_]?\d+)/", re.IGNORECASE)
#: Papers that a card's template cites whatever the model is: the carbon calculator of the Hub's own template.
_BOILERPLATE_PAPERS = frozenset({"1910.09700"})
_MODELING = re.compile(r"(?:^|/)model(?:l?ing)?_\w+\.py$", re.IGNORECASE)


def _complete(repo: Repo) -> bool:
    """True when every file of the repo is in `files`: only then does an absence say something."""
    return repo.files is not None and (repo.file_count is None or repo.file_count == len(repo.files))


def _sorted(repo: Repo) -> Files:
    return sort_files(repo.files or (), repo.library or "", repo.repo_id.rpartition("/")[2])


def _cut(repo: Repo) -> str:
    return f"{len(repo.files or ())} of {repo.file_count} files"


@probe("Which files in the repository are weights, by format?", D.END_WEIGHTS, needs="listing")
def weight_files(repo: Repo) -> Iterator[Evidence]:
    if repo.files is None:
        yield Evidence(D.END_WEIGHTS, "weight_files", UNAVAILABLE, "", "siblings")
        return
    found = _sorted(repo)
    for kind in sorted(found.weights):
        names = found.weights[kind]
        yield Evidence(D.END_WEIGHTS, "weight_files", YES, names[0], "siblings", f"{kind}:{len(names)}")
    if found.weights:
        return
    if found.likely:
        counted = YES if repo.parameters else NOT_STATED  # the Hub's own count settles what the file is
        value = f"weights:{len(found.likely)}" if repo.parameters else "general"
        yield Evidence(D.END_WEIGHTS, "weight_files", counted, found.likely[0], "siblings", value)
    elif found.containers:
        yield Evidence(D.END_WEIGHTS, "weight_files", NOT_STATED, found.containers[0], "siblings", "archive")
    elif not _complete(repo):
        yield Evidence(D.END_WEIGHTS, "weight_files", NOT_STATED, "", "siblings", _cut(repo))
    elif repo.parameters or _hub_found(repo):
        yield Evidence(D.END_WEIGHTS, "weight_files", NOT_STATED, "", "siblings", "contradicted")
    else:
        kind = "tokenizer" if found.tokenizer else "config" if found.config else "other"
        yield Evidence(D.END_WEIGHTS, "weight_files", NO, "", "siblings", f"{kind}:{len(repo.files)}")


def _hub_found(repo: Repo) -> str:
    """A tag that the Hub sets by what files it finds, where no word of the front matter can have set it; '' = none.

    The Hub's tags hold what the front matter has under tags, language and library, in whatever form. Where the tags
    are long, a long field of the front matter may have been left out of the record: then nothing can be said.
    """
    if repo.card_data is None or sum(map(len, repo.tags or ())) > _MAX_TAGS:
        return ""
    candidates = [tag for tag in repo.tags or () if tag in _FOUND_BY_HUB]
    if not candidates:
        return ""
    by_hand = frozenset(_WORD.findall(str(repo.card_data).lower()))
    return next((tag for tag in candidates if tag not in by_hand), "")


_WORD = re.compile(r"[a-z0-9]+")
_MAX_TAGS = 3_000  # letters; a field of 4,000 bytes or more may be left out of a very long front matter


@probe("Are all numbered parts of the weights there?", D.END_WEIGHTS, needs="listing")
def weight_shards(repo: Repo) -> Iterator[Evidence]:
    if repo.files is None:
        return
    found = _sorted(repo)
    if not found.shards:
        return
    shown = found.missing or next((s for s in found.shards if s.whole), found.shards[0])
    parts = f"{shown.here}/{shown.total or '?'}"
    if found.missing is None:
        yield Evidence(D.END_WEIGHTS, "weight_shards", YES, shown.name, "siblings", parts)
    elif _complete(repo):
        yield Evidence(D.END_WEIGHTS, "weight_shards", NO, shown.name, "siblings", parts)
    else:
        yield Evidence(D.END_WEIGHTS, "weight_shards", NOT_STATED, shown.name, "siblings", _cut(repo))


@probe(
    "Did the Hub itself find weights: parameters counted, or a format's tag that no front matter has set?",
    D.END_WEIGHTS,
    needs="listing",
)
def weights_counted(repo: Repo) -> Iterator[Evidence]:
    if repo.parameters and not _has_no_weight_file(repo):
        place = "gguf" if repo.gguf else "safetensors"
        yield Evidence(D.END_WEIGHTS, "weights_counted", YES, str(repo.parameters), place, str(repo.parameters))
    elif repo.files is None and (tag := _hub_found(repo)):
        yield Evidence(D.END_WEIGHTS, "weights_counted", YES, tag, "tags", _WEIGHT_TAGS[tag])


def _has_no_weight_file(repo: Repo) -> bool:
    """Whether the whole file list was shown and not one of the files is known or likely to be weights."""
    if not _complete(repo):
        return False
    found = _sorted(repo)
    return not found.weights and not found.likely


@probe(
    "Do tags, files that may hold anything, or a count that no file bears out speak of weights?",
    D.END_WEIGHTS,
    needs="listing",
)
def weights_tagged(repo: Repo) -> Iterator[Evidence]:
    if repo.files is not None:
        found = _sorted(repo)
        if found.likely and not found.weights:
            yield Evidence(D.END_WEIGHTS, "weights_tagged", YES, found.likely[0], "siblings", "general")
        elif repo.parameters and _has_no_weight_file(repo):
            place = "gguf" if repo.gguf else "safetensors"
            yield Evidence(D.END_WEIGHTS, "weights_tagged", YES, str(repo.parameters), place, "contradicted")
        return
    for tag in repo.tags or ():  # anybody may have set it: the front matter's tags and the Hub's own look alike
        if tag in _WEIGHT_TAGS:
            yield Evidence(D.END_WEIGHTS, "weights_tagged", YES, tag, "tags", _WEIGHT_TAGS[tag])
            return
    if repo.auto_model:
        yield Evidence(D.END_WEIGHTS, "weights_tagged", YES, repo.auto_model, "transformersInfo", "transformers")


@probe(
    "Does the repository hold only an adapter, useless without the model it adapts?", D.BASE_WEIGHTS, needs="listing"
)
def adapter_only(repo: Repo) -> Iterator[Evidence]:
    if repo.files is not None:
        found = _sorted(repo)
        if found.adapters and len(found.adapters) == sum(map(len, found.weights.values())):
            yield Evidence(D.BASE_WEIGHTS, "adapter_only", YES, found.adapters[0], "siblings")
            return
        if found.weights:
            return
    if repo.library == "peft":
        yield Evidence(D.BASE_WEIGHTS, "adapter_only", YES, "peft", "library_name")
    else:
        for tag in repo.tags or ():
            if tag.lower() in origins.ADAPTER_TAGS:
                yield Evidence(D.BASE_WEIGHTS, "adapter_only", YES, tag, "tags")
                return


@probe(
    "Is it an adapter, a conversion or a merge by its tags, library or name, while no base is declared?",
    D.BASE_WEIGHTS,
    needs="listing",
)
def derived_without_base(repo: Repo) -> Iterator[Evidence]:
    if repo.bases:
        return
    name = repo.repo_id.rpartition("/")[2]
    converted, merged = origins.CONVERSION.search(name), origins.MERGED_NAME.search(name)
    if repo.library in origins.ADAPTER_LIBRARIES:
        yield Evidence(D.BASE_WEIGHTS, "derived_without_base", YES, repo.library or "", "library_name", "adapter")
    if converted and not is_official(repo.repo_id):  # a maker's own conversion of its own model
        yield Evidence(D.BASE_WEIGHTS, "derived_without_base", YES, converted[0], "id", "conversion")
    if merged and not is_official(repo.repo_id):
        yield Evidence(D.BASE_WEIGHTS, "derived_without_base", YES, merged[0], "id", "merge")
    for tag in repo.tags or ():
        lowered = tag.lower()
        if lowered in origins.ADAPTER_TAGS or lowered in origins.MERGE_TAGS:
            kind = "merge" if lowered in origins.MERGE_TAGS else "adapter"
            yield Evidence(D.BASE_WEIGHTS, "derived_without_base", YES, tag, "tags", kind)
            return


@probe("Must one ask for access: automatic click-through, manual approval, or neither?", D.END_WEIGHTS, needs="listing")
def gating(repo: Repo) -> Iterator[Evidence]:
    if repo.gated in ("auto", "manual"):
        yield Evidence(D.END_WEIGHTS, "gating", YES, repo.gated, "gated", repo.gated)
    elif repo.private:
        yield Evidence(D.END_WEIGHTS, "gating", UNAVAILABLE, "true", "private")
    elif repo.gated == "no":
        yield Evidence(D.END_WEIGHTS, "gating", NO, "false", "gated", "no")
    else:  # not shown, or a word that we do not know
        yield Evidence(D.END_WEIGHTS, "gating", UNAVAILABLE, repo.gated or "", "gated")


@probe(
    "Could the newest row of the Hub's listing be read? If not, since which night not?", D.END_WEIGHTS, needs="listing"
)
def readable_row(repo: Repo) -> Iterator[Evidence]:
    if repo.rejected_since:
        yield Evidence(D.END_WEIGHTS, "readable_row", UNAVAILABLE, "", "listing", repo.rejected_since)


@probe("Can every letter of its name be seen?", D.END_WEIGHTS, needs="listing")
def visible_name(repo: Repo) -> Iterator[Evidence]:
    """Zero width, right to left, control: such a name looks like another's, and the Hub gives none."""
    if not repo.repo_id.isprintable():
        reason = f"the name has characters that nobody sees: {ascii(repo.repo_id)}"[:MAX_QUOTE]
        yield Evidence(D.END_WEIGHTS, "visible_name", Outcome.ERROR, repo.repo_id[:MAX_QUOTE], "id", reason)


@probe("Has the Hub disabled the repository?", D.END_WEIGHTS, needs="listing")
def disabled(repo: Repo) -> Iterator[Evidence]:
    if repo.disabled:
        yield Evidence(D.END_WEIGHTS, "disabled", YES, "true", "disabled")


@probe("Which licence do the tags or the front matter declare?", D.LICENSE, needs="listing")
def license_declared(repo: Repo) -> Iterator[Evidence]:
    if repo.license:
        place = "tags" if any(t.startswith("license:") for t in repo.tags or ()) else "cardData.license"
        yield Evidence(D.LICENSE, "license_declared", YES, repo.license, place, repo.license)
        if repo.license_name:
            yield Evidence(
                D.LICENSE, "license_declared", YES, repo.license_name, "cardData.license_name", repo.license_name
            )
        if repo.license_link:
            yield Evidence(
                D.LICENSE, "license_declared", YES, repo.license_link, "cardData.license_link", repo.license_link
            )
    elif repo.tags is not None or repo.card_data is not None:
        yield Evidence(D.LICENSE, "license_declared", NOT_STATED, "", "tags" if repo.tags is not None else "cardData")
    else:
        yield Evidence(D.LICENSE, "license_declared", UNAVAILABLE, "", "tags")


@probe("Is there a licence file in the repository?", D.LICENSE, needs="listing")
def license_files(repo: Repo) -> Iterator[Evidence]:
    if repo.files is None:
        return
    names = [f for f in repo.files if _LICENSE_FILE.match(f) and _TEXT_FILE.search(f)]
    for name in names[:3]:
        yield Evidence(D.LICENSE, "license_files", YES, name, "siblings", name)
    if not names and _complete(repo):
        yield Evidence(D.LICENSE, "license_files", NO, "", "siblings")


@probe("Is there a model card at all?", D.MODEL_CARD, needs="listing")
def readme_file(repo: Repo) -> Iterator[Evidence]:
    if repo.files is not None and "README.md" in repo.files:
        yield Evidence(D.MODEL_CARD, "readme_file", YES, "README.md", "siblings")
    elif repo.files is not None and _complete(repo):
        yield Evidence(D.MODEL_CARD, "readme_file", NO, "", "siblings", str(len(repo.files)))
    elif repo.card_data is not None:
        yield Evidence(D.MODEL_CARD, "readme_file", YES, next(iter(repo.card_data), ""), "cardData")


@probe("Does the repository carry evaluation results in machine-readable form?", D.MODEL_CARD, needs="listing")
def evaluation_results(repo: Repo) -> Iterator[Evidence]:
    for tag in repo.tags or ():
        if tag in ("model-index", "eval-results"):
            yield Evidence(D.MODEL_CARD, "evaluation_results", YES, tag, "tags")
            return
    for name in repo.files or ():
        if "_results" in name and _RESULTS.search(name):
            yield Evidence(D.MODEL_CARD, "evaluation_results", YES, name, "siblings")
            return


@probe(
    "Which models does this one declare as its base, and how was it made from them?", D.BASE_WEIGHTS, needs="listing"
)
def declared_bases(repo: Repo) -> Iterator[Evidence]:
    for base in repo.bases[:MAX_NAMES]:
        place = origins.declared_in(repo, base)
        yield Evidence(D.BASE_WEIGHTS, "declared_bases", YES, base.repo_id, place, base.relation)
    if len(repo.bases) > MAX_NAMES:
        yield Evidence(D.BASE_WEIGHTS, "declared_bases", YES, "", "tags", f"{len(repo.bases) - MAX_NAMES} more")
    if not repo.bases:
        yield Evidence(D.BASE_WEIGHTS, "declared_bases", NOT_STATED, "", "tags")


@probe(
    "Does the name or the kind of configuration speak of a base under a restricted licence that is not declared?",
    D.BASE_WEIGHTS,
    needs="listing",
)
def suspected_base(repo: Repo) -> Iterator[Evidence]:
    name = repo.repo_id.rpartition("/")[2]
    for pattern, family, owners in origins.RESTRICTED_NAMES:
        said = pattern.search(name)
        if said and repo.author not in owners and not origins.declares(repo, family):
            yield Evidence(D.BASE_WEIGHTS, "suspected_base", YES, said[0], "id", family)
            return
    kind = repo.model_type or ""
    for of_type, line, makers in origins.RESTRICTED_TYPES:
        if of_type.match(kind) and repo.author not in makers and not _explained(repo, line):
            yield Evidence(D.BASE_WEIGHTS, "suspected_base", YES, kind, "config.model_type", line)
            return
    said = origins.LLAMA_NAME.search(name) if kind == origins.LLAMA_TYPE else None
    if said and not repo.bases and not is_official(repo.repo_id):
        yield Evidence(D.BASE_WEIGHTS, "suspected_base", YES, said[0], "id", "llama")


def _explained(repo: Repo, family: str) -> bool:
    """Whether a declared base accounts for the kind of its configuration: then that one is judged."""
    return origins.declares(repo, family) if family == "gemma" else bool(repo.bases)


@probe(
    "Do the names say that the model, or a base that it declares, was tuned, or that it is a conversion?",
    D.END_DATA,
    needs="listing",
)
def tuned_name(repo: Repo) -> Iterator[Evidence]:
    own = origins.TUNED_NAME.search(repo.repo_id)
    if own:
        yield Evidence(D.END_DATA, "tuned_name", YES, own[0].strip("-_."), "id", "self")
    converted = origins.CONVERTED_NAME.search(repo.repo_id)
    if converted:
        yield Evidence(D.END_DATA, "tuned_name", YES, converted[0].strip("-_."), "id", "conversion")
    for base in repo.bases[:MAX_NAMES]:
        said = origins.TUNED_NAME.search(base.repo_id)
        if said:
            yield Evidence(D.END_DATA, "tuned_name", YES, base.repo_id, origins.declared_in(repo, base), "base")


@probe("Does config.json, as the Hub summarises it, name the architecture?", D.ARCHITECTURE, needs="listing")
def architecture_config(repo: Repo) -> Iterator[Evidence]:
    if repo.architectures:
        yield Evidence(
            D.ARCHITECTURE, "architecture_config", YES, repo.architectures[0], "config.architectures",
            repo.model_type or "",
        )  # fmt: skip
    elif repo.model_type:
        named = repo.model_type
        yield Evidence(D.ARCHITECTURE, "architecture_config", YES, named, "config.model_type", named)
    elif repo.auto_model:
        named = repo.auto_model
        yield Evidence(D.ARCHITECTURE, "architecture_config", YES, named, "transformersInfo", named)


@probe("Which library loads the model?", D.ARCHITECTURE, D.PACKAGE, needs="listing")
def library(repo: Repo) -> Iterator[Evidence]:
    if repo.library:
        yield Evidence(D.ARCHITECTURE, "library", YES, repo.library, "library_name", repo.library)


@probe("Is the architecture itself code in the repository?", D.ARCHITECTURE, needs="listing")
def custom_code(repo: Repo) -> Iterator[Evidence]:
    for name in repo.files or ():
        if name.endswith(".py") and _MODELING.search(name):
            yield Evidence(D.ARCHITECTURE, "custom_code", YES, name, "siblings")
            return
    if repo.custom_code:
        yield Evidence(D.ARCHITECTURE, "custom_code", YES, "auto_map", "config.auto_map")


@probe("Are there training or data preparation scripts among the repository's files?", D.TRAINING_CODE, needs="listing")
def training_scripts(repo: Repo) -> Iterator[Evidence]:
    scripts = [f for f in repo.files or () if f.endswith((".py", ".sh", ".ipynb"))]
    for name in [f for f in scripts if _TRAINING.search(f)][:3]:
        yield Evidence(D.TRAINING_CODE, "training_scripts", YES, name, "siblings", "training")
    for name in [f for f in scripts if _DATA_CODE.search(f)][:2]:
        yield Evidence(D.TRAINING_CODE, "training_scripts", YES, name, "siblings", "data")


@probe("Does a tag say which framework trained the model?", D.TRAINING_CODE, needs="listing")
def training_framework(repo: Repo) -> Iterator[Evidence]:
    for tag in repo.tags or ():
        if tag in ("generated_from_trainer", "trl", "axolotl", "unsloth", "llama-factory", "autotrain", "sft", "dpo"):
            yield Evidence(D.TRAINING_CODE, "training_framework", YES, tag, "tags", tag)
            return


@probe("Which datasets do the tags or the front matter name?", D.END_DATA, needs="listing")
def named_datasets(repo: Repo) -> Iterator[Evidence]:
    named = {t[8:]: "tags" for t in repo.tags or () if t.startswith("dataset:") and len(t) > 8}
    for name in strings((repo.card_data or {}).get("datasets")):
        named.setdefault(name, "cardData.datasets")
    for name, place in list(named.items())[:MAX_NAMES]:
        yield Evidence(D.END_DATA, "named_datasets", YES, name, place, name)
    if len(named) > MAX_NAMES:
        yield Evidence(D.END_DATA, "named_datasets", YES, "", "tags", f"{len(named) - MAX_NAMES} more")


@probe("Which arXiv papers do the tags name?", D.PREPRINT, needs="listing")
def arxiv_tags(repo: Repo) -> Iterator[Evidence]:
    found = [t for t in repo.tags or () if t.startswith("arxiv:") and t[6:] not in _BOILERPLATE_PAPERS]
    for tag in found[:MAX_NAMES]:
        yield Evidence(D.PREPRINT, "arxiv_tags", YES, tag, "tags", tag[6:])


@probe("Is there a DOI, other than the one that the Hub gives to the repository itself?", D.PAPER, needs="listing")
def doi_tags(repo: Repo) -> Iterator[Evidence]:
    for tag in repo.tags or ():
        if tag.startswith("doi:"):
            own = tag.startswith("doi:10.57967/")  # the Hub's own prefix: it names the repo, not a paper
            yield Evidence(D.PAPER, "doi_tags", NO if own else YES, tag, "tags", tag[4:])


@probe("Are there checkpoints from during the training, as folders?", D.END_WEIGHTS, needs="listing")
def intermediate_checkpoints(repo: Repo) -> Iterator[Evidence]:
    found: dict[str, str] = {}
    for name in repo.files or ():
        if "/" in name:
            folder = _CHECKPOINT.match(name)
            if folder:
                found.setdefault(folder[1], name)
    if found:
        first = next(iter(found.values()))
        yield Evidence(D.END_WEIGHTS, "intermediate_checkpoints", YES, first, "siblings", str(len(found)))

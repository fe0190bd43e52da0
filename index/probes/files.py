"""What the files of a repository are, by their names alone: weights by format, leftovers of training, archives.

Pure string work; opens nothing. Sizes are not in the listing, so an empty weight file cannot be told from a full one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

#: Extension -> format, where the extension alone says that the file holds weights.
_FORMATS = {
    "safetensors": "safetensors",
    "gguf": "gguf", "ggml": "ggml", "llamafile": "gguf",
    "pt": "pytorch", "pth": "pytorch", "pyth": "pytorch", "th": "pytorch", "pt2": "pytorch", "ptl": "pytorch",
    "jit": "pytorch", "torchscript": "pytorch", "cleanrl_model": "pytorch", "distcp": "pytorch",
    "bin": "pytorch", "ckpt": "checkpoint", "t7": "torch7",
    "h5": "keras", "hdf5": "keras", "keras": "keras",
    "msgpack": "flax", "onnx": "onnx", "ort": "onnx", "tflite": "tflite", "task": "tflite",
    "mlmodel": "coreml", "mlmodelc": "coreml", "pdparams": "paddle", "pdiparams": "paddle", "pdmodel": "paddle",
    "nemo": "nemo", "ot": "rust", "mar": "torchserve", "skops": "skops", "cbm": "catboost", "caffemodel": "caffe",
    "weights": "darknet", "params": "mxnet", "engine": "tensorrt", "trt": "tensorrt", "rknn": "rknn", "mnn": "mnn",
    "pte": "executorch", "tensors": "tensorizer",
}  # fmt: skip
#: May hold weights or anything else: enough to forbid "no weights", not enough to claim them.
_CONTAINERS = frozenset(
    (
        "zip",
        "rar",
        "7z",
        "tar",
        "gz",
        "tgz",
        "bz2",
        "xz",
        "zst",
        "pkl",
        "pickle",
        "joblib",
        "p",
        "npz",
        "npy",
        "dat",
        "kv",
        "model",
        "whl",
        "pb",
        "params",
        "xml",
        "ubj",
        "mat",
        "rds",
        "jld2",
        "so",
        "data",
        "sif",
    )
)
#: What a library keeps its weights in, where that library is named in the metadata.
_LIBRARY_CONTAINERS = {
    "stable-baselines3": ("zip",), "sklearn": ("pkl", "pickle", "joblib"), "fastai": ("pkl",),
    "spacy": ("whl",), "espnet": ("zip",), "xgboost": ("pkl", "ubj"), "rl_baselines3_zoo": ("zip",),
    "deep-rl-course": ("pkl",), "gensim": ("model", "kv"),
}  # fmt: skip
_LEFTOVER = re.compile(
    r"^(?:optimi[sz]er|scheduler|lr_scheduler|rng_state|random_states?|scaler|training_args|trainer_state|train_args"
    r"|optim_states|zero_pp_rank|vocab|tokenizer|spiece|sentencepiece|scaler_states|pytorch_variables|policy\.optimizer"
    r"|vec_?normalize|imatrix|mel_filters|ema_args)\b|optim_states\.|_optim(?:izer)?[._]|\.optimizer\.",
    re.IGNORECASE,
)
_TF_CHECKPOINT = re.compile(r"\.data-\d{5}-of-\d{5}$")
_SPLIT_PART = re.compile(r"\.(gguf|safetensors|bin)[.\-_](?:part|split)?[-_.]?[a-z0-9]{1,12}(?:of\d+)?$", re.IGNORECASE)
_SHARD = re.compile(r"^(.*?)[-_.](\d{5})-of-(\d{5})(\.[a-z0-9_.]+)$", re.IGNORECASE)
_TOKENIZER = re.compile(r"^(?:tokenizer|vocab|merges|spiece|sentencepiece|special_tokens|added_tokens)", re.IGNORECASE)
_ADAPTER = re.compile(r"^adapter_model\b|^pytorch_lora_weights\b|(?:^|[-_.])lora[-_.]?weights", re.IGNORECASE)


class Files(NamedTuple):
    """The names of a repository's files, sorted by what they are. `weights`: format -> names."""

    weights: dict[str, list[str]]
    adapters: tuple[str, ...]  # those of the weights that are adapters
    containers: tuple[str, ...]  # archives and pickles: cannot be told from outside
    shards: tuple[tuple[str, int, int], ...]  # (name of the first, how many are there, how many there should be)
    tokenizer: bool
    config: bool


@lru_cache(maxsize=8)
def sort_files(files: tuple[str, ...], library: str = "") -> Files:
    """Sort file names by kind. `library`: the library named in the metadata, which settles what its archives are."""
    weights: dict[str, list[str]] = {}
    adapters: list[str] = []
    containers: list[str] = []
    groups: dict[tuple[str, str, int], set[int]] = {}
    first: dict[tuple[str, str, int], str] = {}
    tokenizer = config = False
    own = _LIBRARY_CONTAINERS.get(library, ())
    for path in files:
        name = path.rsplit("/", 1)[-1]
        stem, dot, extension = name.rpartition(".")
        extension = extension.lower() if dot else ""
        if extension == "json":
            config = config or name == "config.json"
            tokenizer = tokenizer or _TOKENIZER.match(name) is not None
            continue
        kind = _kind(name, extension, own)
        if kind is None:
            tokenizer = tokenizer or _TOKENIZER.match(name) is not None
            continue
        if kind == "?":
            containers.append(path)
            continue
        weights.setdefault(kind, []).append(path)
        if _ADAPTER.search(name):
            adapters.append(path)
        shard = _SHARD.match(path) if "-of-" in name else None
        if shard:
            key = (shard[1], shard[4], int(shard[3]))
            groups.setdefault(key, set()).add(int(shard[2]))
            first.setdefault(key, path)
    shards = tuple((first[key], len(seen), key[2]) for key, seen in groups.items())
    return Files(weights, tuple(adapters), tuple(containers), shards, tokenizer, config)


def _kind(name: str, extension: str, own: tuple[str, ...]) -> str | None:
    """The weight format of one file name; '?' when it may be one; None when it is none."""
    found = _FORMATS.get(extension)
    if found is not None:
        return None if _LEFTOVER.search(name) else found
    if extension in own:
        return None if _LEFTOVER.search(name) else extension
    if name == "saved_model.pb":
        return "tensorflow"
    if "-of-" in name and _TF_CHECKPOINT.search(name):
        return "tensorflow"
    part = _SPLIT_PART.search(name) if "." in name else None
    if part and extension not in ("md", "txt", "config", "csv", "py", "sha256", "index"):
        return {"bin": "pytorch"}.get(part[1].lower(), part[1].lower())
    if extension in _CONTAINERS and not _LEFTOVER.search(name) and not _TOKENIZER.match(name):
        return "?"
    return None

"""What the files of a repository are, by their names alone: weights by format, leftovers of training, archives.

A name is weights where its extension is one that only weights have, or where a general one (.bin, .pt, .h5) goes with a
name that weights have. A general extension alone is `likely`: enough to forbid "no weights", not enough to claim them.
The same goes for archives, for data and tokenizers in a weight format, and for every extension that we do not know.

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
    "pte": "executorch", "tensors": "tensorizer", "litertlm": "tflite", "rkllm": "rknn",
}  # fmt: skip
#: Extensions that weights share with data and everything else.
_GENERAL = frozenset({"bin", "pt", "h5", "hdf5", "th", "msgpack", "params", "weights", "engine", "task", "tensors"})
#: Extensions that never hold weights: only where all files are of these can a repository be said to have none.
_HARMLESS = frozenset({
    "json", "jsonl", "ndjson", "geojson", "md", "mdx", "txt", "rst", "rtf", "tex", "bib", "pdf", "doc", "docx", "odt",
    "ppt", "pptx", "xls", "xlsx", "csv", "tsv", "parquet", "arrow", "feather", "yml", "yaml", "toml", "ini", "cfg",
    "conf", "config", "env", "properties", "lock", "html", "htm", "css", "scss", "less", "js", "mjs", "jsx", "tsx",
    "map", "vue", "svelte", "ejs", "njk", "py", "pyi", "pyc", "ipynb", "pyx", "r", "rmd", "jl", "c", "cc", "cpp",
    "cu", "cuh", "h", "hpp", "java", "kt", "go", "rs", "swift", "rb", "php", "pl", "lua", "cs", "sh", "bash", "zsh",
    "bat", "ps1", "cmd", "png", "jpg", "jpeg", "jfif", "gif", "webp", "svg", "bmp", "ico", "tif", "tiff", "avif",
    "heic", "mp4", "webm", "mov", "avi", "mkv", "mp3", "wav", "flac", "ogg", "m4a", "opus", "aac", "mid", "midi",
    "ttf", "otf", "woff", "woff2", "eot", "srt", "vtt", "ass", "textgrid", "lab", "glb", "obj", "ply", "stl", "splat",
    "log", "out", "err", "job", "diff", "gitattributes", "gitignore", "gitkeep", "gitmodules", "keep", "ds_store",
    "dockerignore", "editorconfig", "pylintrc", "flake8", "prettierrc", "eslintrc", "npmignore", "tfevents", "jinja",
    "jinja2", "j2", "template", "tmpl", "vocab", "spm", "tiktoken", "codes", "bpe", "merges", "sha1", "sha256",
    "sha256sum", "sha512", "md5", "sum", "sig", "asc", "torrent", "url", "metadata", "info", "imatrix", "index",
    "meta", "sql", "db_schema", "proto", "graphql", "tpl", "typed", "python-version", "lst", "ner",
})  # fmt: skip
_HARMLESS_NAME = re.compile(
    r"^(?:licen[cs]e|copying|notice|readme|authors|citation|changelog|contributing|code_of_conduct|dockerfile|makefile"
    r"|procfile|requirements|gemfile|jenkinsfile|vagrantfile|version|codeowners|_success|thumbs\.db)"
    r"|^events\.out\.tfevents\."
    r"|^cmakelists",
    re.IGNORECASE,
)
#: Text formats that some libraries (xgboost, lightgbm, tfjs) keep weights in.
_WEIGHTS_AS_TEXT = re.compile(r"^(?:model|xgb\w*|lgbm?\w*|lightgbm\w*|booster\w*|weights?)\.(?:json|txt)$", re.I)
#: What a library keeps its weights in, where that library is named in the metadata.
_LIBRARY_CONTAINERS = {
    "stable-baselines3": ("zip",), "sklearn": ("pkl", "pickle", "joblib"), "fastai": ("pkl",),
    "spacy": ("whl",), "espnet": ("zip",), "xgboost": ("pkl", "ubj"), "rl_baselines3_zoo": ("zip",),
    "deep-rl-course": ("pkl",), "gensim": ("model", "kv"),
}  # fmt: skip
_LEFTOVER = re.compile(
    r"^(?:optimi[sz]er|optim|scheduler|lr_scheduler|rng_states?|random_states?|scaler|trainer_state|train_args|train_state"
    r"|optim_states|tokenizer|vocab|merges|spiece|sentencepiece|scaler_states|pytorch_variables"
    r"|vec_?normalize|imatrix|mel_filters|ema_args)(?![a-z])"
    r"|(?:^|[-_.])training_args(?![a-z])|optim_states(?![a-z])|[-_.]optim(?:izer)?(?![a-z])",
    re.IGNORECASE,
)
#: What stands before and after a model, in a format of weights; and data in a format that it shares with weights.
_TOKENIZER_NAME = re.compile(
    r"(?:^|[-_.])(?:(?:de)?tokeni[sz]er|vocab(?:ulary)?|(?:pre|post)proc\w*|mel[-_]?spec\w*)(?![a-z])", re.IGNORECASE
)
_DATA_NAME = re.compile(
    r"^(?:train(?:ing)?|val|valid|validation|test|dev|datas?|datasets?|embeddings?|features?|labels?|preds?|predictions?"
    r"|corpus|corpora|tokens|ids|index|cache|stats|samples?|images?|inputs?|logits|targets|metrics|results?|eval)"
    r"(?!2?[a-z])|[-_.](?:datas?|datasets?|embeddings|features|labels|preds|predictions|corpus|logits|targets)(?![a-z])",
    re.IGNORECASE,
)
_DATA_SHARES = frozenset({"pth", "ckpt"})
_SURELY_WEIGHTS = re.compile(r"model|weight|ckpt|checkpoint|encoder|decoder|vae|lora|adapter", re.IGNORECASE)
_WEIGHT_NAME = re.compile(
    r"model(?!ing)|weight|ckpt|checkpoint|lora|adapt[eo]r|pytorch|state_?dict|ggml|gguf|gptq|awq|consolidated|quantized"
    r"|unet|vae|encoder|decoder|bert|gpt|llama|diffusion|whisper|wav2vec|mistral|qwen|resnet|yolo|embeds|agent|policy"
    r"|actor|critic|generator|discriminator|controlnet|projector|inversion|hypernet|params_shard|trainables|upscaler"
    r"|safety-checker|(?<![a-z])(?:net|gan|mlp|cnn|lstm|gru|rnn|vit|sam|eva\d*|swin|clip|t5|esrgan\w*|best|last|final"
    r"|latest|epoch|step|iter|ema|[bf]p?16|fp32|int[48]|q\d(?:_\w+)?|\d+bit)(?![a-z])|(?<![a-z\d])\d+(?:\.\d+)?[bm](?![a-z])"
    r"|^(?:net_?)?[gd]_?\d*$|^group\d+-shard",
    re.IGNORECASE,
)
_TF_CHECKPOINT = re.compile(r"\.data-(\d{5})-of-(\d{5})$")
_SPLIT_PART = re.compile(
    r"^(.*\.(gguf|safetensors|bin))[.\-_](?:(?:part|split|chunk)[-_.]?)?(?:([a-z]|a[a-z])|part|(\d{1,5}))"
    r"(?:[-_]?of[-_]?(\d{1,5}))?$",
    re.IGNORECASE,
)
_SHARD = re.compile(r"^(.*?)[-_.](?:shard|part)?(\d{1,5})[-_]?of[-_]?(\d{1,5})(\.[a-z0-9_.]+)$", re.IGNORECASE)
_TOKENIZER = re.compile(r"^(?:tokenizer|vocab|merges|spiece|sentencepiece|special_tokens|added_tokens)", re.IGNORECASE)
_ADAPTER = re.compile(
    r"^adapter_model(?![a-z])|^(?:pytorch|paddle)_lora_weights(?![a-z])|(?:^|[-_.])lora[-_.]?weights|^learned_embeds(?![a-z])"
    r"|^ggml-adapter-model|[-_.]lora[-_.\d]*\.[a-z]+$|^pytorch_adapter",
    re.IGNORECASE,
)
#: What goes with a model and is none itself: it does not stand in for missing parts of one.
_AUXILIARY = re.compile(r"mmproj|mm_projector|^adapter_|(?:^|[-_.])(?:lora|vae)(?![a-z])|imatrix|embeds", re.IGNORECASE)


class Shards(NamedTuple):
    """Numbered parts of one file. `total` 0: no name says how many there should be."""

    name: str  # the first that was seen
    here: int
    total: int
    whole: bool  # every number from the first to the last is there


class Files(NamedTuple):
    """The names of a repository's files, sorted by what they are. `weights`: format -> names."""

    weights: dict[str, list[str]]
    adapters: tuple[str, ...]  # those of the weights that are adapters
    likely: tuple[str, ...]  # a general extension without a name that says what it is
    containers: tuple[str, ...]  # archives, data, unknown extensions: cannot be told from outside
    shards: tuple[Shards, ...]
    missing: Shards | None  # parts that are not there and that nothing else in the repository stands in for
    tokenizer: bool
    config: bool


_WHOLE = (".safetensors", ".bin", ".gguf", ".pt", ".pth")


class _Part(NamedTuple):
    group: str  # what the parts have in common
    number: int
    total: int


@lru_cache(maxsize=8)
def sort_files(files: tuple[str, ...], library: str = "", name: str = "") -> Files:
    """Sort file names by kind. `library`: the library named in the metadata, which settles what its archives are.

    `name`: the repository's, without its owner: a file of the same name is taken for its weights.
    """
    kinds: dict[str, list[str]] = {}
    groups: dict[str, list[tuple[str, _Part]]] = {}
    adapters: list[str] = []
    unsharded: list[str] = []
    tokenizer = config = False
    own = _LIBRARY_CONTAINERS.get(library, ())
    title = _letters(name)
    for path in files:
        base = path.rsplit("/", 1)[-1]
        kind = _kind(path, base, own, title)
        if kind is None:
            config = config or base == "config.json"
            tokenizer = tokenizer or _TOKENIZER.match(base) is not None
            continue
        kinds.setdefault(kind, []).append(path)
        if kind in _UNSETTLED:
            continue
        if _ADAPTER.search(base):
            adapters.append(path)
        part = _part(path)
        if part:
            groups.setdefault(part.group, []).append((path, part))
        elif not _AUXILIARY.search(base):
            unsharded.append(path)
    likely, containers = kinds.pop("likely", []), kinds.pop("?", [])
    shards = tuple(_together(parts) for parts in groups.values())
    missing = _missing(shards, unsharded, "model_index.json" in files)
    return Files(kinds, tuple(adapters), tuple(likely), tuple(containers), shards, missing, tokenizer, config)


_UNSETTLED = frozenset({"likely", "?"})


def _letters(name: str) -> str:
    return "".join(c for c in name.lower() if "a" <= c <= "z")


def _kind(path: str, name: str, own: tuple[str, ...], title: str) -> str | None:
    """The weight format of one file; 'likely' or '?' when it may be one; None when it is none."""
    stem, dot, extension = name.rpartition(".")
    extension = extension.lower() if dot else ""
    if extension == "json" or extension == "txt":
        return "?" if name[0] in "mxlbwMXLBW" and _WEIGHTS_AS_TEXT.match(name) else None
    found = _FORMATS.get(extension) or (extension if extension in own else None)
    if found is None:
        return _other_kind(path, name, extension)
    if _is_beside(path, name) or _LEFTOVER.search(name):
        return None
    if ".mlpackage/" in path:  # the .mlmodel in it is the plan of the network; its weights lie beside it
        return "coreml" if extension == "bin" else "likely"
    general = extension in _GENERAL
    of_data = _DATA_NAME.search(stem) if general or extension in _DATA_SHARES else None
    of_tokens = _TOKENIZER_NAME.search(stem) if extension != "safetensors" else None
    if (of_data or of_tokens) and not _SURELY_WEIGHTS.search(stem):
        return "?"
    return "likely" if general and not _says_weights(path, stem, title) else found


def _says_weights(path: str, stem: str, title: str) -> bool:
    """Whether a file's name, or the whole of its repository's, says that it is weights."""
    if _WEIGHT_NAME.search(stem) or _SHARD.match(path):
        return True
    letters = _letters(stem)
    return len(letters) > 5 and len(title) > 5 and (letters in title or title in letters)


def _is_beside(path: str, name: str) -> bool:
    """Whether it is what a system or a download has left beside a file, under that file's name."""
    return name.startswith("._") or "__MACOSX/" in path or ".cache/huggingface/" in path


def _other_kind(path: str, name: str, extension: str) -> str | None:
    """A file whose extension is not one of weights: None only where it is known to be something else."""
    if extension in _HARMLESS and not (len(extension) < 3 and _SPLIT_PART.match(name)):  # 'x.gguf.c' is a third part
        return None
    if _HARMLESS_NAME.match(name) or _LEFTOVER.search(name) or _TOKENIZER.match(name) or _is_beside(path, name):
        return None
    if "-of-" in name and _TF_CHECKPOINT.search(name):
        return "tensorflow"
    split = _SPLIT_PART.match(name) if "." in name else None
    if split:
        form = split[2].lower()
        return "pytorch" if form == "bin" else form
    return "likely" if name == "saved_model.pb" else "?"  # its weights are in variables/, which may not be there


def _part(path: str) -> _Part | None:
    """Which part of what a numbered file is; None where its name has no number of that kind."""
    if "of" in path:  # saves two searches for most names
        shard = _SHARD.match(path)
        if shard:
            return _Part(f"{shard[1]}\0{shard[4]}\0{shard[3]}", int(shard[2]), int(shard[3]))
        data = _TF_CHECKPOINT.search(path)
        if data:
            return _Part(f"{path[: data.start()]}\0{data[2]}", int(data[1]), int(data[2]))
    split = None if path.endswith(_WHOLE) else _SPLIT_PART.match(path)
    if split is None:
        return None
    letters, digits, total = split[3], split[4], split[5]
    number = ord(letters[-1].lower()) - ord("a") if letters else int(digits or 0)
    return _Part(f"{split[1]}\0{total}", number, int(total or 0))


def _together(parts: list[tuple[str, _Part]]) -> Shards:
    """Whether the parts of one file are all there, counted from 0 or from 1."""
    numbers = {part.number for _, part in parts}
    total = parts[0][1].total
    if total:
        from_one = sum(1 <= number <= total for number in numbers)
        here = max(from_one, sum(number < total for number in numbers))
        whole = here == total
    else:
        here = len(numbers)
        whole = here > 1 and min(numbers) <= 1 and max(numbers) - min(numbers) == here - 1
    return Shards(parts[0][0], here, total, whole)


def _missing(shards: tuple[Shards, ...], unsharded: list[str], in_components: bool) -> Shards | None:
    """The first set of parts that is not whole, where no other weights stand in for it.

    Another format or size of the same model does. A pipeline in components (diffusers) has one model per folder, all of
    which it needs: there only weights in the same folder do.
    """
    whole = [s.name for s in shards if s.whole and not _AUXILIARY.search(s.name)] + unsharded
    broken = [s for s in shards if not s.whole]
    if not broken:
        return None
    if not in_components:
        return None if whole else broken[0]
    folders = {name.rpartition("/")[0] for name in whole}
    return next((s for s in broken if s.name.rpartition("/")[0] not in folders), None)

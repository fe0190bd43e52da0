"""Made-up Hubs of any size for benchmarks: rows of the listing with the shape and sizes of real ones. Never committed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec

_LICENSES = [
    "apache-2.0",
    "mit",
    "llama3",
    "llama2",
    "gemma",
    "cc-by-nc-4.0",
    "openrail",
    "other",
    "cc-by-4.0",
    None,
    None,
    None,
]
_TASKS = ["text-generation", "text-classification", "text-to-image", "automatic-speech-recognition", None]
_START = 1_646_263_744  # 2022-03-02, the Hub's floor


def models(count: int, seed: int = 1, night: int = 0) -> Iterator[bytes]:
    """`count` rows in order of `_id`. Another night changes 14 % of the counters and 0.7 % of the repos."""
    for i in range(count):
        yield msgspec.json.encode(model(i, count, seed, night))


def model(i: int, count: int, seed: int, night: int) -> dict[str, object]:
    """One row: about 1.1 KB as JSON."""
    rng = random.Random(f"{seed}-{i}")
    created = _START + int(i / count * 140_000_000)
    name = f"org{rng.randrange(count // 8 + 1)}/model-{i}"
    license_ = rng.choice(_LICENSES)
    task = rng.choice(_TASKS)
    base = f"org{rng.randrange(50)}/model-{rng.randrange(max(1, i))}" if rng.random() < 0.4 else None
    downloads = 0 if rng.random() < 0.6 else int(rng.paretovariate(0.7) * 5)
    likes = int(rng.paretovariate(1) - 1)
    sha = f"{rng.getrandbits(160):040x}"
    if night:
        tonight = random.Random(f"{seed}-{i}-{night}")
        if tonight.random() < 0.14:
            downloads += tonight.randrange(1, 50)
        if tonight.random() < 0.007:
            sha = f"{tonight.getrandbits(160):040x}"
    tags = [
        "transformers",
        "safetensors",
        f"type{rng.randrange(200)}",
        task or "x",
        "en",
        "region:us",
        "endpoints_compatible",
    ]
    card: dict[str, object] = {"language": ["en"], "tags": [f"tag{rng.randrange(1000)}" for _ in range(3)]}
    if license_:
        tags.append(f"license:{license_}")
        card["license"] = license_
    if base:
        tags += [f"base_model:{base}", f"base_model:finetune:{base}"]
        card["base_model"] = base
    shards = rng.randrange(1, 6)
    files = [".gitattributes", "README.md", "config.json", "generation_config.json", "special_tokens_map.json",
             "tokenizer.json", "tokenizer_config.json", "vocab.json"]  # fmt: skip
    files += [f"model-{k:05}-of-{shards:05}.safetensors" for k in range(1, shards + 1)]
    row: dict[str, object] = {
        "_id": f"{created:08x}{i:016x}",
        "id": name,
        "author": name.split("/")[0],
        "likes": likes,
        "private": False,
        "disabled": False,
        "gated": rng.choice([False] * 60 + ["auto", "manual"]),
        "downloads": downloads,
        "downloadsAllTime": downloads * 9,
        "tags": tags,
        "createdAt": "2024-01-01T00:00:00.000Z",
        "lastModified": "2024-05-01T00:00:00.000Z",
        "sha": sha,
        "cardData": card,
        "library_name": "transformers",
        "siblings": [{"rfilename": f} for f in files],
        "config": {"architectures": ["LlamaForCausalLM"], "model_type": "llama"},
        "safetensors": {"parameters": {"BF16": 7_000_000_000}, "total": 7_000_000_000},
        "transformersInfo": {"auto_model": "AutoModelForCausalLM", "pipeline_tag": "text-generation"},
    }
    if task:
        row["pipeline_tag"] = task
    return row


def write(path: Path, count: int, seed: int = 1, night: int = 0) -> Path:
    """A recording of `count` models, made once and reused."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with part.open("wb") as out:
            for row in models(count, seed, night):
                out.write(row + b"\n")
        part.rename(path)
    return path

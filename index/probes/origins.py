"""What the names and tags of models say of where they come from: words, owners, patterns. A name is a hint, no proof.

Pure data and functions over it; reports no evidence (`listing.py` does) and knows no licence.
"""

from __future__ import annotations

import re

from crawler.records import Base, Repo, declared_bases


def _name(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z])(?:{words})", re.IGNORECASE)


#: Names that say what a model was made from. A name is a hint, never a proof. LLaMA 1 had no version in its name.
RESTRICTED_NAMES: tuple[tuple[re.Pattern[str], str, tuple[str, ...]], ...] = (
    (re.compile(
        r"(?:(?<![a-z])(?<!open[-_])|(?<=med)|(?<=chat)|(?<=code)|(?<=math))(?:meta[-_. ]?)?llama[-_. ]?"
        r"(?:v?[234](?![\db])|(?:7|8|13|30|33|34|65|70|405)b(?![a-z]))"
        r"|code[-_]?llama|sheared[-_]llama|chinese[-_]llama", re.IGNORECASE),
     "llama", ("meta-llama", "codellama", "facebook")),
    (re.compile(
        r"(?<![a-z])(?:vicuna|wizardlm(?![-_]?2)|chinese[-_]alpaca|gpt4[-_]?x[-_]alpaca"
        r"|(?:alpaca(?:[-_]lora)?|koala|guanaco)[-_]?(?:7|13|30|33|65)b)", re.IGNORECASE),
     "llama", ("lmsys",)),
    (re.compile(
        r"(?<![a-z])(?:code|pali|shield|med|recurrent|embedding|diffusion|t5|function|translate)?gemma"
        r"(?:[-_]?[123]n?)?(?![a-z0-9]|[-_ ]?4(?!b))", re.IGNORECASE),
     "gemma", ("google",)),
    (_name(r"chatglm(?![a-z])"), "ChatGLM", ("THUDM", "zai-org")),
    (_name(r"baichuan[-_]?2(?!\d)"), "Baichuan 2", ("baichuan-inc",)),
    (_name(r"nllb(?![a-z])"), "NLLB", ("facebook",)),
    (_name(r"(?:code)?qwen(?:[-_]?1[._-]5(?!\d)|[-_](?:1[._]8|7|14|72)b(?![a-z]))"), "Qwen 1.5", ("Qwen",)),
    (_name(r"deepseek[-_](?:coder|llm|math|moe|v2)(?![a-z])"), "DeepSeek Coder", ("deepseek-ai",)),
    (_name(r"(?:star|santa)coder[-_]?2?(?![a-z])"), "StarCoder", ("bigcode",)),
    (_name(r"bloomz?[-_]\d"), "BLOOM", ("bigscience",)),
    (_name(r"opt[-_](?:iml|(?:125|350)m|(?:1[._]3|2[._]7|6[._]7|13|30|66|175)b)(?![a-z])"), "OPT", ("facebook",)),
    (_name(r"galactica(?![a-z])"), "Galactica", ("facebook",)),
    (_name(r"musicgen(?![a-z])"), "MusicGen", ("facebook",)),
    (_name(r"command[-_]?r(?![a-z])"), "Command R", ("CohereForAI", "CohereLabs")),
    (_name(r"(?:stable[-_]diffusion[-_]v?(?:1|2|xl)|sd[-_]?v?(?:1[._-]?[45]|2[._-]?[01])(?![a-z0-9])|sdxl(?![a-z]))"),
     "Stable Diffusion", ("stabilityai", "CompVis", "runwayml", "stable-diffusion-v1-5")),
)  # fmt: skip

#: Words of a name that say what its model was tuned for: after a separator, so that ChatMusician is not "chat".
TUNED_NAME = re.compile(
    r"[-_.](?:chat|instruct(?:ion|ed)?|it|sft|dpo|ppo|orpo|kto|rlhf|assistant|aligned)(?=[-_.]|v?\d|$)", re.IGNORECASE
)

ADAPTER_TAGS = frozenset({"lora", "peft", "adapter", "textual_inversion", "textual-inversion", "adapter-transformers"})
ADAPTER_LIBRARIES = frozenset({"peft", "adapter-transformers", "adapters"})
MERGE_TAGS = frozenset({"merge", "mergekit"})
MERGED_NAME = re.compile(r"(?:^|[-_.])(?:merged?|slerp|frankenmerge|q?lora|peft|adapter)(?![a-z])", re.IGNORECASE)
#: Words of a name that say that its weights are another model's in another format.
CONVERSION = re.compile(
    r"[-_.](?:gguf|gptq|awq|ggml|exl[23]|bnb|mlx|mlc|hqq|nf4|fp8|int[48]|[2-8][-_.]?bit|q[2-8](?:_[k\d])|i1|imat(?:rix)?"
    r"|onnx|openvino|coreml|ct2|ctranslate2|quantized)(?![a-z])",
    re.IGNORECASE,
)
CONVERTED_NAME = re.compile(r"[-_.](?:gguf|gptq|awq|ggml|exl[23]|bnb|mlx|[2-8][-_]?bit|int[48]|fp8)", re.IGNORECASE)
#: Kinds of configuration that one maker's restricted weights have, and what is made from them: (kind, family, makers).
#: Kinds that others have trained from scratch too (llama, bloom, gpt_bigcode) prove nothing and are left out.
RESTRICTED_TYPES: tuple[tuple[re.Pattern[str], str, tuple[str, ...]], ...] = (
    (re.compile(r"(?:recurrent_|pali)?gemma(?!4)"), "gemma", ("google",)),
    (re.compile(r"(?:mllama|llama4)(?![a-z])"), "llama", ("meta-llama",)),
    (re.compile(r"(?:llava_llama|mplug_owl2)$"), "llama", ("liuhaotian", "MAGAer13", "mPLUG", "llava-hf")),
    (re.compile(r"chatglm$"), "chatglm", ("THUDM", "zai-org")),
    (re.compile(r"baichuan$"), "baichuan", ("baichuan-inc",)),
    (re.compile(r"internlm2?$"), "internlm", ("internlm",)),
    (re.compile(r"qwen$"), "qwen 1", ("Qwen",)),
    (re.compile(r"cohere2?$"), "command", ("CohereForAI", "CohereLabs")),
    (re.compile(r"exaone"), "exaone", ("LGAI-EXAONE",)),
    (re.compile(r"opt$"), "opt", ("facebook",)),
    (re.compile(r"musicgen"), "musicgen", ("facebook",)),
    (re.compile(r"segformer$"), "segformer", ("nvidia",)),
    (re.compile(r"layoutlmv[23]$"), "layoutlm", ("microsoft",)),
)
#: With a configuration of the kind, a name in which the word stands by itself says it too, without a version.
LLAMA_TYPE, LLAMA_NAME = "llama", re.compile(r"(?<![a-z])(?<!open[-_])(?<!tiny[-_])llama(?![a-z])", re.IGNORECASE)
#: Makers of restricted models who have made others too: their name alone says nothing.
_MANY_KINDS = frozenset(
    {"google", "facebook", "lmsys", "THUDM", "zai-org", "Qwen", "deepseek-ai", "bigcode", "bigscience", "stabilityai"}
)


def declares(repo: Repo, family: str) -> bool:
    """Whether a declared base is of that family by its name or its owner; its licence then comes with it.

    A base of another name may descend from that family, and hands down its licence if it does: no harm is done.
    """
    for base in repo.bases:
        owner, _, name = base.repo_id.rpartition("/")
        for pattern, kin, owners in RESTRICTED_NAMES:
            if kin == family and (owner in owners and owner not in _MANY_KINDS or pattern.search(name)):
                return True
    return False


def declared_in(repo: Repo, base: Base) -> str:
    """Where a base is declared: 'tags', 'cardData.base_model' or, where the listing lacks it, 'README.md'."""
    if base.stated_by != "card":
        return "tags"
    shown = any(base.repo_id == one.repo_id for one in declared_bases(None, repo.card_data))
    return "cardData.base_model" if shown else "README.md"

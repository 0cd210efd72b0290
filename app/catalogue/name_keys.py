"""Names become keys: case, punctuation, vendor words and the spelling of units are forgiven."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

TOKEN = re.compile(r"[a-z]+|\d+(?:\.\d+)*")

HARDWARE_NOISE = frozenset(
    [
        "nvidia",
        "geforce",
        "amd",
        "radeon",
        "intel",
        "apple",
        "google",
        "aws",
        "tesla",
        "instinct",
        "xilinx",
        "altera",
        "core",
        "graphics",
        "graphic",
        "card",
        "cards",
        "gpu",
        "gpus",
        "cpu",
        "cpus",
        "processor",
        "chip",
        "chips",
        "edition",
        "founders",
        "series",
        "vram",
        "memory",
        "generation",
        "gen",
        "tm",
        "with",
        "of",
        "the",
        "class",
        "type",
        "typical",
        "accelerator",
        "module",
        "board",
    ]
)
MODEL_NOISE = frozenset(["meta", "model", "models", "the", "network"])
MODEL_QUALIFIERS = frozenset(
    [
        "chat",
        "instruct",
        "it",
        "hf",
        "base",
        "uncased",
        "cased",
        "gguf",
        "gptq",
        "awq",
        "bnb",
        "pytorch",
        "tf",
        "original",
        "pretrained",
        "pretraining",
        "finetuned",
        "thinking",
        "preview",
        "weights",
        "checkpoint",
        "int",
        "fp",
        "bf",
        "bit",
        "k",
        "m",
        "q",
        "f",
        "quantized",
    ]
)
PLAIN_NOISE = frozenset(["the", "dataset", "data", "set", "provider", "cloud", "algorithm"])
SAME = {"notebook": "laptop", "mobile": "laptop", "gib": "gb", "graphicscard": "", "max-q": "maxq"}
MAC_WITH_ITS_CHIP = re.compile(
    r"\b(?:macbook(?:\s+(?:air|pro))?|mac\s+(?:studio|mini|pro)|imac)(?=,?\s+(?:with\s+)?(?:an?\s+)?(?:apple\s+)?m\d)"
)
"""A Mac is known by its chip: the words before it say only what box that sits in."""
FORM_FACTORS = frozenset({"pcie", "sxm", "oam", "hbm"})


@dataclass(frozen=True, slots=True)
class Token:
    """A run of letters or digits, and where it stood."""

    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Runs of letters and runs of digits, in order, lower case; a decimal point stays inside its number.

    >>> [token.text for token in tokens("A100-SXM4-80GB")]
    ['a', '100', 'sxm', '4', '80', 'gb']
    >>> [token.text for token in tokens("MacBook Pro M3 Max")]
    ['m', '3', 'max']
    """
    plain = unicodedata.normalize("NFKC", text).lower() if not text.isascii() else text.lower()
    plain = MAC_WITH_ITS_CHIP.sub(lambda found: " " * len(found.group()), plain)
    return [Token(SAME.get(found.group(), found.group()), *found.span()) for found in TOKEN.finditer(plain)]


def tidy(words: list[str], noise: frozenset[str]) -> list[str]:
    """Words that carry meaning: noise gone, "sxm4" read as "sxm", "24 g" as "24 gb".

    >>> tidy(["nvidia", "a", "100", "sxm", "4", "80", "gb"], HARDWARE_NOISE)
    ['a', '100', 'sxm', '80', 'gb']
    """
    kept: list[str] = []
    for word in words:
        if word in noise or not word:
            continue
        if kept and kept[-1] == "sxm" and word in {"2", "3", "4", "5"}:
            continue
        if kept and kept[-1] == "hbm":
            kept.pop()
            if word in {"2", "3", "4"}:
                continue
        kept.append("gb" if word == "g" and kept and kept[-1].isdigit() else word)
    return kept


@lru_cache(maxsize=16_384)
def words_of(name: str, noise: frozenset[str]) -> tuple[str, ...]:
    """Words of a name in the catalogue that carry meaning; kept, for the next revision has nearly the same names.

    >>> words_of("NVIDIA GeForce RTX 3060 12 GB", HARDWARE_NOISE)
    ('rtx', '3060', '12', 'gb')
    """
    return tuple(tidy([token.text for token in tokens(name)], noise))


def key_of(name: str, noise: frozenset[str]) -> str:
    """The key of a name in the catalogue.

    >>> key_of("NVIDIA GeForce RTX 3060 12 GB", HARDWARE_NOISE)
    'rtx306012gb'
    """
    return "".join(words_of(name, noise))


def without_memory(words: list[str]) -> list[str]:
    """The words without an amount of memory."""
    kept = list(words)
    for place in range(len(words) - 1, 0, -1):
        if words[place] == "gb" and words[place - 1].replace(".", "").isdigit():
            del kept[place - 1 : place + 1]
    return kept


def without(words: list[str], unwanted: frozenset[str]) -> list[str]:
    """The words without those of a set."""
    return [word for word in words if word not in unwanted]

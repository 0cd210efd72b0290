"""Read what people write about their hardware: how many, how much memory, which kind. No look-up, only their words."""

import re
from dataclasses import dataclass

from app.advice.generations import generation_of

MOST_CARDS_IN_WORDS = 64
"""A larger number before a card's name is its model number, not a count."""
_NUMBERS = {
    "one": 1, "a": 1, "an": 1, "single": 1, "two": 2, "dual": 2, "pair": 2, "three": 3, "triple": 3, "four": 4,
    "quad": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "sixteen": 16,
}  # fmt: skip
_CARD = r"(?:graphics\s+cards?|video\s+cards?|gpus?|cards?|accelerators?)"
_UNIT = r"(?:-?(?:gi?b|gigabytes?|tb|cores?|threads?|ghz|mhz|w|watts?|years?|months?|hours?|inch|bits?|th|nd|gen)\b|%)"
_COUNT_BEFORE = re.compile(
    rf"\b(\d{{1,4}}|{'|'.join(_NUMBERS)})\b(?!\s*{_UNIT})\s*(?:x|×)?\s*(?=(?:[\w./+-]+\s+){{0,4}}?(?:{_CARD}|gtx|rtx|titan|tesla|quadro|radeon|instinct|arc|geforce|a100|h100|h200|b200|mi\d{{3}})\b)",
    re.IGNORECASE,
)
_COUNT_TIMES = re.compile(r"(?:\b(\d{1,2})\s*[x×]\s*(?=[a-z\d])|\s[x×]\s*(\d{1,4})\b)", re.IGNORECASE)
_MEMORY = re.compile(
    r"(\d+(?:[.,]\d+)?)\s*(?:gi?b|gigabytes?)\b(?!\s*(?:of\s+)?(?:system|ram\b|ddr|disk|ssd|storage))", re.IGNORECASE
)
_NO_GPU = re.compile(
    rf"\b(?:no|without(?:\s+an?y?)?|not?\s+have(?:\s+an?y?)?|lacks?(?:\s+a)?)\s+(?:\w+\s+){{0,2}}?{_CARD}\b|\bcpu[\s-]only\b",
    re.IGNORECASE,
)
_INTEGRATED = re.compile(
    r"\b(?:integrated|built-?in|on-?board|igpus?|uhd\s+graphics|hd\s+graphics|iris(?:\s+xe)?|radeon\s+vega\s+graphics|"
    r"radeon\s+graphics|shared\s+graphics)\b",
    re.IGNORECASE,
)
_FPGA = re.compile(r"\b(?:fpgas?|virtex|kintex|zynq|alveo|versal|stratix|agilex|arria|cyclone\s+v)\b", re.IGNORECASE)
_EDGE = re.compile(
    r"\b(?:coral|edge[\s-]tpu|hailo(?:[\s-]?\d+\w?)?|movidius|myriad|neural\s+compute\s+stick|ncs2?)\b", re.IGNORECASE
)
_TPU = re.compile(r"\btpus?\b", re.IGNORECASE)
_LENT = re.compile(r"\b(?:colab(?:oratory)?|kaggle)\b", re.IGNORECASE)
_LAPTOP = re.compile(r"\b(?:laptop|notebook|macbook|mobile)\b", re.IGNORECASE)
_GPU = re.compile(
    rf"\b(?:{_CARD}|graphics|vram|geforce|gtx|rtx|quadro|tesla|titan|radeon|instinct|arc)\b", re.IGNORECASE
)
_CPU = re.compile(
    r"\b(?:cpus?|processors?|xeon|epyc|ryzen|threadripper|core\s+(?:i\d|ultra)|i[3579]-?\d{3,5}\w*|celeron|pentium|n100)\b",
    re.IGNORECASE,
)
_VENDORS = {
    "AMD": re.compile(
        r"\b(?:radeon|instinct|rx\s?\d{3,4}\w*|vega|firepro)\b|\bamd\s+(?:gpu|card|graphics)", re.IGNORECASE
    ),
    "Intel": re.compile(r"\b(?:arc|iris|uhd|intel\s+(?:gpu|graphics))\b", re.IGNORECASE),
    "NVIDIA": re.compile(r"\b(?:nvidia|geforce|gtx|rtx|quadro|tesla|titan)\b", re.IGNORECASE),
    "Apple": re.compile(r"\b(?:macbook|mac\s?(?:mini|studio|pro)?|apple|m[1-5]\s+(?:pro|max|ultra))\b", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class Described:
    """What a piece of text says about hardware."""

    text: str
    count: int
    memory_gib: float | None
    """Of one card, as written."""
    vendor: str
    laptop: bool
    no_gpu: bool
    integrated: bool
    fpga: bool
    tpu: bool
    edge: bool
    """A small accelerator for finished models beside cameras."""
    lent: bool
    """The card of a notebook service."""
    gpu: bool
    cpu: bool


def described(text: str, *, count: int = 1, kind: str | None = None, counted: bool = True) -> Described:
    """Read a text such as "two Titan X", "one card with 11 GB" or "laptop that has no GPU".

    ``count`` is what was given beside the text; ``kind`` is the catalogue's, where the hardware is known. A product's
    name is not ``counted``: the number in it is no count.

    >>> found = described("8 GPUs with 24 GB each")
    >>> found.count, found.memory_gib, found.gpu
    (8, 24.0, True)
    >>> described("laptop that has no GPU").no_gpu
    True
    """
    memory = _MEMORY.search(text)
    edge = kind is None and _EDGE.search(text) is not None
    lent = kind is None and _LENT.search(text) is not None
    no_gpu = _NO_GPU.search(text) is not None
    integrated = _INTEGRATED.search(text) is not None
    vendor = next((name for name, words in _VENDORS.items() if words.search(text)), "")
    cpu = kind == "cpu" if kind else _CPU.search(text) is not None
    card = _GPU.search(text) is not None or memory is not None or generation_of(text) is not None
    gpu = kind in {"gpu", "apple_soc"} if kind else card
    return Described(
        text=text.strip(),
        count=max(count, _count_in(text)) if counted else count,
        memory_gib=float(memory[1].replace(",", ".")) if memory else None,
        vendor=vendor,
        laptop=_LAPTOP.search(text) is not None,
        no_gpu=no_gpu,
        integrated=integrated,
        fpga=kind == "fpga" or _FPGA.search(text) is not None,
        tpu=kind == "tpu" or (_TPU.search(text) is not None and not edge),
        edge=edge,
        lent=lent,
        gpu=gpu and not no_gpu and not integrated and not lent,
        cpu=cpu,
    )


def _count_in(text: str) -> int:
    """How many cards a text names; 1 where it names no number."""
    words = [found[1] or found[2] for found in _COUNT_TIMES.finditer(text)]
    words += [found[1].lower() for found in _COUNT_BEFORE.finditer(text)]
    numbers = [_NUMBERS.get(word) or int(word) for word in words]
    return max((number for number in numbers if 1 <= number <= MOST_CARDS_IN_WORDS), default=1)

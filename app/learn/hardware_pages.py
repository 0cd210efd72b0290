"""Numbers of the pages on hardware: data sheets, old cards, history, and what the article of 2017 got wrong."""

from typing import Any

from app import formatting
from app.catalogue.snapshot import Snapshot
from app.engine.hardware import Accelerator
from app.engine.units import GB, GIB, TERA
from app.languages import say
from app.learn.lesson import Bar, Table, Worked
from app.worded import worded

CARD = "geforce-rtx-4090"
MODULE = "h100-sxm5-80gb"
LAPTOP = "geforce-rtx-4090-laptop"
SPARSITY_FACTOR = 2.0
"""What structured sparsity adds on paper: two of every four weights are zero. Mishra et al., arXiv:2104.08378."""
OLD = (
    "geforce-gt-720",
    "geforce-gt-740m-2gb",
    "quadro-m2000",
    "titan-x-maxwell",
    "geforce-gtx-1080-laptop-8gb",
    "titan-x-pascal",
    "titan-xp",
    "geforce-rtx-4060",
)
FLAGSHIPS = ("geforce-gtx-580", "titan-x-maxwell", "tesla-p100-pcie-16gb", "a100-sxm4-80gb", "h100-sxm5-80gb", "b200")
SUPPORT_WORDS = {
    "supported": worded("supported"),
    "legacy": worded("old software only"),
    "unsupported": worded("no longer supported"),
    "announced": worded("announced"),
}
STATES = ("supported", "legacy", "unsupported")
"""In this order the states stand in the picture of old cards."""
TITAN, PROCESSOR = "titan-x-maxwell", "core-i7-6700k"
TITAN_CORES, PROCESSOR_CORES = 3072, 4
"""Cores as both makers print them, and as the article compared them."""
CLAIMED_RATIO = 250
CLAIMED_USD, PRINTED_USD, GPU_SYSTEM_USD = 5e9, 5e6, 33e3
"""What the article said, what its source said, and the price of the other system. NVIDIA course text; see the page."""


def spec_sheet(catalogue: Snapshot) -> Worked:
    """One card's speed, told in five ways, and one name on two products."""
    card, laptop, module = (catalogue.accelerators[slug] for slug in (CARD, LAPTOP, MODULE))
    printed = card.peak.fp16_accumulate_fp16 or 0.0
    rates = (
        (
            say("16 bits, with sparsity"),
            SPARSITY_FACTOR * printed,
            say("On the box. Needs a model with half its weights cut away"),
        ),
        (say("16 bits, sums in 16 bits"), printed, say("Usual for running models, too rough for training")),
        (say("16 bits, sums in 32 bits"), card.peak.fp16 or 0.0, say("What training uses")),
        (say("32 bits"), card.peak.fp32 or 0.0, say("Plain arithmetic without matrix units")),
    )
    told = [f"{tflops(rate)} TFLOP/s" for _, rate, _ in rates]
    return Worked(
        numbers={
            "card": card.name,
            "sparse": told[0],
            "printed": told[1],
            "training": told[2],
            "overstated": formatting.number(SPARSITY_FACTOR * printed / (card.peak.fp16 or 1.0)),
            "module": module.name,
            "module_dense": f"{tflops(module.peak.bf16)} TFLOP/s",
            "module_sparse": f"{tflops(SPARSITY_FACTOR * (module.peak.bf16 or 0.0))} TFLOP/s",
            "laptop": laptop.name,
            "desktop_watts": formatting.exact(card.tdp_w),
            "laptop_watts": formatting.exact(laptop.tdp_w),
            "desktop_memory": formatting.nominal_gib(card.memory_bytes / GIB),
            "laptop_memory": formatting.nominal_gib(laptop.memory_bytes / GIB),
            "laptop_share": formatting.percent((laptop.peak.fp16 or 0.0) / (card.peak.fp16 or 1.0)),
            "bandwidth": formatting.exact(card.memory_bandwidth_bytes_per_s / GB),
        },
        bars=tuple(Bar(name, (rate,), text) for (name, rate, _), text in zip(rates, told, strict=True)),
        table=Table(
            (say("Counted how"), card.name, say("Worth for you")),
            tuple((name, text, worth) for (name, _, worth), text in zip(rates, told, strict=True)),
        ),
    )


def old_cards(catalogue: Snapshot) -> Worked:
    """Cards of the article and the names they share, beside a small card of today."""
    cards = [catalogue.accelerators[slug] for slug in OLD]
    today = cards[-1]
    best = max(cards[:-1], key=lambda card: card.peak.fp32 or 0.0)
    return Worked(
        numbers={
            "today": today.name,
            "today_speed": f"{tflops(today.peak.fp16)} TFLOP/s",
            "best_old": best.name,
            "best_old_speed": f"{tflops(best.peak.fp16)} TFLOP/s",
            "best_old_memory": formatting.nominal_gib(best.memory_bytes / GIB),
            "today_memory": formatting.nominal_gib(today.memory_bytes / GIB),
            "kepler": say(catalogue.accelerators["geforce-gt-740m-2gb"].support_note),
            "maxwell": say(catalogue.accelerators[TITAN].support_note),
        },
        bars=tuple(Bar(card.name, _by_support(card), f"{tflops(card.peak.fp16)} TFLOP/s") for card in cards),
        legend=tuple(_begun(say(SUPPORT_WORDS[state])) for state in STATES),
        table=Table(
            (say("Card"), say("Memory"), say("16-bit speed"), say("Software"), say("Last CUDA"), say("Last PyTorch")),
            tuple(
                (
                    card.name,
                    formatting.nominal_gib(card.memory_bytes / GIB),
                    f"{tflops(card.peak.fp16)} TFLOP/s",
                    say(SUPPORT_WORDS[card.support]),
                    _last(catalogue, card.slug, "last_runtime"),
                    _last(catalogue, card.slug, "last_pytorch"),
                )
                for card in cards
            ),
        ),
    )


def short_history(catalogue: Snapshot) -> Worked:
    """The fastest 16-bit arithmetic of one device, over the years."""
    cards = sorted((catalogue.accelerators[slug] for slug in FLAGSHIPS), key=lambda card: card.launch_year or 0)
    rates = [card.peak.fp16 or card.peak.fp32 or 0.0 for card in cards]
    names = [f"{card.launch_year} · {card.name}" for card in cards]
    bandwidths = [card.memory_bandwidth_bytes_per_s / GB for card in cards]
    return Worked(
        numbers={
            "first": cards[0].name,
            "first_year": str(cards[0].launch_year),
            "last": cards[-1].name,
            "last_year": str(cards[-1].launch_year),
            "growth": formatting.number(rates[-1] / rates[0]),
            "bandwidth_growth": formatting.number(bandwidths[-1] / bandwidths[0]),
        },
        bars=tuple(Bar(name, (rate,), f"{tflops(rate)} TFLOP/s") for name, rate in zip(names, rates, strict=True)),
        table=Table(
            (say("Device"), say("16-bit speed"), say("Memory bandwidth")),
            tuple(
                (name, f"{tflops(rate)} TFLOP/s", f"{formatting.number(bandwidth, figures=3)} GB/s")
                for name, rate, bandwidth in zip(names, rates, bandwidths, strict=True)
            ),
        ),
    )


def corrections(catalogue: Snapshot) -> Worked:
    """A Titan X against a Core i7: by cores, as claimed, and by arithmetic."""
    titan, processor = catalogue.accelerators[TITAN], catalogue.accelerators[PROCESSOR]
    ratio = (titan.peak.fp32 or 0.0) / (processor.peak.fp32 or 1.0)
    by_memory = titan.memory_bandwidth_bytes_per_s / processor.memory_bandwidth_bytes_per_s
    by_cores = TITAN_CORES / PROCESSOR_CORES
    titan_cores = formatting.exact(TITAN_CORES)
    cores = say("{many} against {few}: not the same kind of core", many=titan_cores, few=PROCESSOR_CORES)
    fast, slow = tflops(titan.peak.fp32), tflops(processor.peak.fp32)
    arithmetic = say("{fast} against {slow} TFLOP/s in 32 bits", fast=fast, slow=slow)
    wide, narrow = (each.memory_bandwidth_bytes_per_s / GB for each in (titan, processor))
    memory = say("{wide} against {narrow} GB/s", wide=formatting.exact(wide), narrow=formatting.exact(narrow))
    rows = (
        (say("Cores divided by cores"), by_cores, cores),
        (say("What the article said"), float(CLAIMED_RATIO), say("Follows from none of these numbers")),
        (say("Arithmetic per second"), ratio, arithmetic),
        (say("Memory per second"), by_memory, memory),
    )
    told = [
        say("{factor} times", factor=formatting.number(times, figures=3 if times > 99 else 2)) for _, times, _ in rows
    ]
    return Worked(
        numbers={
            "titan": titan.name,
            "processor": processor.name,
            "titan_speed": f"{tflops(titan.peak.fp32)} TFLOP/s",
            "processor_speed": f"{tflops(processor.peak.fp32)} TFLOP/s",
            "ratio": formatting.number(ratio),
            "memory_ratio": formatting.number(by_memory),
            "cores_ratio": formatting.exact(by_cores),
            "claimed_ratio": str(CLAIMED_RATIO),
            "money_ratio": formatting.number(PRINTED_USD / GPU_SYSTEM_USD, figures=3),
            "wrong_ratio": formatting.number(CLAIMED_USD / GPU_SYSTEM_USD, figures=3),
        },
        bars=tuple(Bar(name, (times,), text) for (name, times, _), text in zip(rows, told, strict=True)),
        table=Table(
            (say("Counted how"), say("Titan X over Core i7"), say("Why")),
            tuple((name, text, why) for (name, _, why), text in zip(rows, told, strict=True)),
        ),
    )


def tflops(flops_per_s: float | None) -> str:
    """A rate, in units that data sheets use.

    >>> tflops(82.58e12), tflops(None)
    ('82.6', 'unknown')
    """
    return formatting.number(None if flops_per_s is None else flops_per_s / TERA, figures=3)


def _by_support(card: Accelerator) -> tuple[float, ...]:
    """The speed of a card, in the place of its state."""
    rate = card.peak.fp16 or card.peak.fp32 or 0.0
    return tuple(rate if card.support == state else 0.0 for state in STATES)


def _last(catalogue: Snapshot, slug: str, field: str) -> str:
    known: Any = catalogue.details.get(slug, {}).get("support") or {}
    return str(known.get(field) or say("current"))


def _begun(words: str) -> str:
    return words[:1].upper() + words[1:]

"""Devices of the catalogue that numbers are told on: an ordinary processor, a lent card, the card of a box."""

import numpy as np

from app.engine.arrays import BoolArray
from app.engine.hardware import Devices
from app.engine.units import GIB

ORDINARY_CPUS = ("core-i7-13700k", "core-i7-12700k", "ryzen-9-7950x")
"""The ordinary desktop processor that "hours on a processor" means: the first of these in the catalogue."""
NOTEBOOK_GPUS = ("t4", "tesla-t4", "l4")
"""The card that free notebooks lend."""
DEVICES_IN_A_BOX = 8
"""The most cards in one machine that is sold widely."""
BOX_MEMORY_GIB = 80
"""Memory of a card of the reference box."""


def first_row(devices: Devices, slugs: tuple[str, ...]) -> int | None:
    """Row of the first of these slugs that the catalogue has."""
    rows = {accelerator.slug: row for row, accelerator in enumerate(devices.accelerators)}
    return next((rows[slug] for slug in slugs if slug in rows), None)


def ordinary_cpu_row(devices: Devices) -> int | None:
    """Row of the ordinary desktop processor; without the named ones, the desktop processor in the middle by speed."""
    named = first_row(devices, ORDINARY_CPUS)
    if named is not None:
        return named
    cpus = [(a.peak.fp32 or 0.0, row) for row, a in enumerate(devices.accelerators) if a.kind == "cpu"]
    return sorted(cpus)[len(cpus) // 2][1] if cpus else None


def box_row(devices: Devices) -> int | None:
    """Row of the card of the reference box: of linked 80 GB cards for servers the fastest, with the quickest links."""
    cards = [
        (a.peak.bf16 or 0.0, a.interconnect_bytes_per_s or 0.0, row)
        for row, a in enumerate(devices.accelerators)
        if (a.kind, a.segment, a.support) == ("gpu", "datacenter", "supported")
        and a.interconnect != "none"
        and abs(a.memory_bytes / GIB - BOX_MEMORY_GIB) < 1
    ]
    return max(cards)[-1] if cards else None


def current_gpus(devices: Devices, *, training: bool) -> BoolArray:
    """Mask of graphics cards that today's software supports; small edge modules are left out."""
    return np.array(
        [
            a.kind == "gpu" and a.support == "supported" and a.segment != "edge" and (a.trains or not training)
            for a in devices.accelerators
        ],
        dtype=np.bool_,
    )

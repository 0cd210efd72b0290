"""A used card that holds the work for much less than the first pick, where nobody said whether used ones will do."""

from app.advice.circumstances import Circumstances, Remarks, note
from app.advice.prices import PriceBook, Tag
from app.advice.verdict import least_gib
from app.engine.coefficients import FITS_WITHIN_FRACTION
from app.engine.hardware import Accelerator
from app.engine.units import GIB

MUCH_LESS = 0.75
"""A used card is told of when it costs at most this share of the first pick."""


def second_hand_remark(case: Circumstances) -> Remarks:
    """The cheapest used card of the decided class that holds the work and that current software supports."""
    best, limits = case.best, case.constraints
    if best is None or best.price is None or best.count != 1 or case.need.memory is None:
        return
    asked_otherwise = limits.used_ok is not None or limits.ownership == "rent" or limits.portable
    if asked_otherwise or case.enough_owned is not None or case.scenario not in {"one-gpu", "box-or-cloud"}:
        return
    book = PriceBook.of(case.market, best.price.as_of)
    offers = [
        (device, tag)
        for device in case.devices.accelerators
        if _does_it(case, device) and device.vendor == best.device.vendor
        if (tag := book.tag(device, count=1, used_ok=True)) is not None and _is_a_bargain(tag, than=best.price)
    ]
    if offers:
        device, tag = min(offers, key=lambda offer: (offer[1].usd, offer[0].slug))
        yield note(
            "second_hand",
            name=device.name,
            usd=tag.usd,
            as_of=tag.as_of.isoformat(),
        )


def _does_it(case: Circumstances, device: Accelerator) -> bool:
    """Whether it is a current card for desktops of the decided class that holds the work with ease."""
    memory = case.need.memory
    return (
        device.kind == "gpu"
        and device.segment == "desktop"
        and device.support == "supported"
        and device.memory_bytes >= (least_gib(case) or 0.0) * GIB
        and memory is not None
        and memory.high <= FITS_WITHIN_FRACTION * device.usable_memory_bytes
    )


def _is_a_bargain(tag: Tag, *, than: Tag) -> bool:
    return tag.condition == "used" and tag.fresh and tag.usd <= MUCH_LESS * than.usd

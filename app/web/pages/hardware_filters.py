"""What the list of devices can be narrowed to, and how it can be shown."""

from collections.abc import Callable, Mapping, Sequence

from app import formatting
from app.catalogue.snapshot import Snapshot
from app.languages import say
from app.web.currency import Currency
from app.web.labels import label
from app.web.pages.listing import Choice, Filter, choices, currency_switch
from app.worded import worded

UNITS = {"": worded("GB, as makers say it"), "gib": worded("GiB, as programs count")}
PRICES_FOR = {
    "": worded("The device"),
    "gb": worded("Each GB of memory"),
    "tflops": worded("Each TFLOP/s in 16 bits"),
}
MEMORY_STEPS = (4, 8, 12, 16, 24, 32, 48, 80, 141)
PRICE_STEPS = (300, 500, 1000, 2000, 5000, 10_000, 50_000)
POWER_STEPS = (30, 75, 150, 250, 350, 500, 1000)
SLOT_STEPS = (1, 2, 3)
SWITCHES = ("unit", "per", "currency", "sort")
"""Fields that change how devices are shown, not which."""


def switches_of(catalogue: Snapshot, fields: Mapping[str, str], *, currency: Currency) -> tuple[Filter, ...]:
    """Units, what prices are of, and the currency."""

    def switch(name: str, title: str, texts: Mapping[str, str]) -> Filter:
        chosen = fields.get(name, "")
        return Filter(name, title, tuple(Choice(value, say(text), value == chosen) for value, text in texts.items()))

    return (
        switch("unit", say("Units"), UNITS),
        switch("per", say("Price of"), PRICES_FOR),
        currency_switch(catalogue.market.exchange_rates, currency),
    )


def filters_of(catalogue: Snapshot, fields: Mapping[str, str]) -> tuple[Filter, ...]:
    """Every filter with its values, the usual ones first."""
    devices = catalogue.devices.accelerators
    vendors = [(vendor, vendor) for vendor in sorted({each.vendor for each in devices})]
    kinds = [(kind, label("kind", kind)) for kind in ("gpu", "apple_soc", "cpu", "tpu", "npu", "fpga")]
    supports = [(name, label("support", name)) for name in ("supported", "legacy", "unsupported", "announced")]
    segments = [(name, label("segment", name)) for name in sorted({each.segment for each in devices})]

    def limit(name: str, title: str, *, usual: Sequence[float], told: Callable[[float], str]) -> Filter:
        """The usual limits, and the one that the address brings."""
        chosen = fields.get(name, "")
        steps = sorted({*usual, *([float(chosen)] if chosen else [])})
        return choices(name, title, values=[(f"{step:g}", told(step)) for step in steps], chosen=chosen)

    return (
        limit(
            "memory_gib_min",
            say("Memory"),
            usual=MEMORY_STEPS,
            told=lambda gib: say("{size} GB or more", size=formatting.exact(gib)),
        ),
        choices("vendor", say("Maker"), values=vendors, chosen=fields.get("vendor", "")),
        choices("kind", say("Kind"), values=kinds, chosen=fields.get("kind", "")),
        choices("segment", say("Built for"), values=segments, chosen=fields.get("segment", "")),
        choices("support", say("Software"), values=supports, chosen=fields.get("support", "")),
        limit(
            "usd_max",
            say("Price"),
            usual=PRICE_STEPS,
            told=lambda usd: say("up to {price}", price=formatting.usd_exactly(usd)),
        ),
        limit(
            "power_w_max",
            say("Power"),
            usual=POWER_STEPS,
            told=lambda watts: say("up to {watts} W", watts=formatting.exact(watts)),
        ),
        limit(
            "slots_max",
            say("Slots"),
            usual=SLOT_STEPS,
            told=lambda count: say("up to {count}", count=formatting.exact(count)),
        ),
    )

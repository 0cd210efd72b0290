"""What the list of devices can be narrowed to, and how it can be shown."""

from collections.abc import Mapping, Sequence

from app import formatting
from app.catalogue.snapshot import Snapshot
from app.languages import say
from app.web.currency import Currency, currency_choices
from app.web.labels import label
from app.web.pages.listing import Choice, Filter, choices
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
        currency_switch(catalogue, currency),
    )


def filters_of(catalogue: Snapshot, fields: Mapping[str, str]) -> tuple[Filter, ...]:
    """Every filter with its values, the usual ones first."""
    devices = catalogue.devices.accelerators
    vendors = [(vendor, vendor) for vendor in sorted({each.vendor for each in devices})]
    kinds = [(kind, label("kind", kind)) for kind in ("gpu", "apple_soc", "cpu", "tpu", "npu", "fpga")]
    supports = [(name, label("support", name)) for name in ("supported", "legacy", "unsupported", "announced")]
    segments = [(name, label("segment", name)) for name in sorted({each.segment for each in devices})]
    sizes = [
        (f"{size:g}", say("{size} GB or more", size=formatting.exact(size)))
        for size in _steps(MEMORY_STEPS, fields, "memory_gib_min")
    ]
    prices = [
        (f"{usd:g}", say("up to {price}", price=formatting.usd_exactly(usd)))
        for usd in _steps(PRICE_STEPS, fields, "usd_max")
    ]
    powers = [
        (f"{watts:g}", say("up to {watts} W", watts=formatting.exact(watts)))
        for watts in _steps(POWER_STEPS, fields, "power_w_max")
    ]
    slots = [
        (f"{count:g}", say("up to {count}", count=formatting.exact(count)))
        for count in _steps(SLOT_STEPS, fields, "slots_max")
    ]
    return (
        choices("memory_gib_min", say("Memory"), values=sizes, chosen=fields.get("memory_gib_min", "")),
        choices("vendor", say("Maker"), values=vendors, chosen=fields.get("vendor", "")),
        choices("kind", say("Kind"), values=kinds, chosen=fields.get("kind", "")),
        choices("segment", say("Built for"), values=segments, chosen=fields.get("segment", "")),
        choices("support", say("Software"), values=supports, chosen=fields.get("support", "")),
        choices("usd_max", say("Price"), values=prices, chosen=fields.get("usd_max", "")),
        choices("power_w_max", say("Power"), values=powers, chosen=fields.get("power_w_max", "")),
        choices("slots_max", say("Slots"), values=slots, chosen=fields.get("slots_max", "")),
    )


def _steps(usual: Sequence[float], fields: Mapping[str, str], name: str) -> list[float]:
    """The limits that are offered, with the one that the address brings."""
    return sorted({*usual, *([float(fields[name])] if fields.get(name) else [])})


def currency_switch(catalogue: Snapshot, currency: Currency) -> Filter:
    """Currencies whose rates are known."""
    return Filter("currency", say("Currency"), currency_choices(catalogue.market.exchange_rates, currency))

"""Why the answer is what it is: the rules that decided, and the figures that speak most for it.

A reason tells a figure and where it comes from; what nobody knows gives no reason.
"""

from collections.abc import Iterator

from app.advice.buy_or_rent import BuyOrRent
from app.advice.circumstances import Circumstances
from app.advice.cloud import CloudOption, that_hold_it
from app.advice.need import NeedPart
from app.advice.owned import Owned
from app.advice.picks import SLOW_PER_S, Pick
from app.advice.reasons import Reason, Value
from app.advice.reference_cards import DEVICES_IN_A_BOX
from app.engine.units import GIB, HOURS_PER_MONTH, SECONDS_PER_HOUR

FEWEST, MOST = 3, 5
"""Reasons that are told; the least telling ones only where there are fewer than the first of these."""
PARTS = frozenset({"activations", "data", "gradients", "kv_cache", "logits", "optimizer", "weights", "working_copies"})
"""Parts of the memory that have a sentence of their own; the others share one."""
AROUND = frozenset({"buffers", "context", "workspace"})
"""What programs take, whatever the model."""
SMALL_GIB = 4.0
"""Memory that every computer has to spare."""
WORTH_TELLING = 1.5
"""A device that is less than this many times as fast as a processor is no reason."""
LONGEST_COMPARED_HOURS = 8766.0
"""A run that takes a processor longer than a year is not worth comparing with."""
FEWEST_TO_CHOOSE_FROM = 2
"""Who considers so many things asks which of them to take."""
NOTABLY_FASTER = 1.1
"""A smaller difference between two estimates says nothing."""
A_CENT_USD = 0.01
"""A run for less is not worth telling the price of."""


def why(case: Circumstances) -> tuple[Reason, ...]:
    """Three to five reasons: the scenario's rule first, then the figures, then what is told if little else is known."""
    scenario, *others = case.decision.reasons
    new = [reason for reason in others if reason.values["sentence"] != scenario.values["sentence"]]
    told = [
        scenario,
        *_considered(case),
        *(reason for reason in new if not _repeats(reason, scenario)),
        *_figures(case),
    ]
    spare = [*(reason for reason in new if _repeats(reason, scenario)), *_spare(case)]
    return tuple((told + spare[: max(0, FEWEST - len(told))])[:MOST])


def _repeats(tier: Reason, scenario: Reason) -> bool:
    """Whether the class of hardware is named for the memory that the scenario was named for already."""
    return all("need.memory_gib" in reason.values for reason in (tier, scenario))


def _figures(case: Circumstances) -> Iterator[Reason]:
    yield from _memory(case)
    yield from _owned(case)
    yield from _speed(case)
    yield from _money(case)


def _spare(case: Circumstances) -> Iterator[Reason]:
    """What is true of most answers."""
    if case.need.flops_total is not None:
        yield Reason("why_arithmetic", {"flops": case.need.flops_total})
    alone = "_alone" if case.scenario == "no-gpu" else ""
    yield Reason(f"why_computer{alone}", {"cores": case.host.cpu_cores, "ram_gb": case.host.ram_gb})


def _considered(case: Circumstances) -> Iterator[Reason]:
    """Which of the things that somebody chooses between does it, or does it best."""
    weighed = [each for each in case.owned if each.considering and each.device is not None]
    if len(weighed) < FEWEST_TO_CHOOSE_FROM or case.scenario == "no-gpu":
        return
    holding = sorted((each for each in weighed if each.fit in {"fits", "tight"}), key=_pace, reverse=True)
    names = [_named(each.name, each.count) for each in holding]
    others = ", ".join(_named(each.name, each.count) for each in weighed if each not in holding)
    if not holding:
        yield Reason("why_considered_none", {"others": others})
    elif others:
        yield Reason("why_considered_holds", {"name": names[0], "others": others})
    elif (slower := _pace(holding[1])) > 0:
        times = _pace(holding[0]) / slower
        code = "why_considered_faster" if times >= NOTABLY_FASTER else "why_considered_alike"
        yield Reason(code, {"name": names[0], "next": names[1], "times": times})


def _pace(owned: Owned) -> float:
    """Runs an hour, or pieces of work a second; 0 where nobody knows."""
    hours, speed = owned.verdict.values.get("hours"), owned.verdict.values.get("speed")
    return 1 / hours if isinstance(hours, float) and hours > 0 else speed if isinstance(speed, float) else 0.0


def _memory(case: Circumstances) -> Iterator[Reason]:
    """The largest part of the memory, with its formula."""
    parts, whole_gib = case.need.memory_parts, case.need.memory_gib
    largest: NeedPart | None = max(parts, key=lambda part: part.bytes, default=None)
    if largest is None or whole_gib is None:
        return
    if case.scenario == "no-gpu" and whole_gib < SMALL_GIB:
        code = "why_memory_small"
    elif largest.part in AROUND:
        code = "why_memory_context"
    else:
        code = f"why_memory_{largest.part}" if largest.part in PARTS else "why_memory"
    yield Reason(code, {"gib": largest.bytes / GIB, "whole_gib": whole_gib, "formula": largest.formula})


def _owned(case: Circumstances) -> Iterator[Reason]:
    """What somebody has and is enough, or else the first card that no software supports, or that is too small."""
    memory, enough = case.need.memory, case.enough_owned
    unsupported = (each for each in case.owned if each.fit == "unsupported" and each.device is not None)
    settled = enough or next(unsupported, None)
    if settled is not None:
        yield settled.verdict
        return
    short = next((each for each in case.cards if each.fit == "does_not_fit" and each.device is not None), None)
    if short is None or short.device is None or memory is None:
        return
    usable_gib = short.device.usable_memory_bytes / GIB
    if usable_gib < memory.expected / GIB:
        yield Reason("why_owned", {"name": short.name, "usable_gib": usable_gib, "high_gib": memory.high / GIB})


def _speed(case: Circumstances) -> Iterator[Reason]:
    """A run on a processor beside one on the first pick, or tokens a second; of a cluster, a run on one machine."""
    if case.scenario == "cluster":
        held = (case.need.devices_80gb or 0) <= DEVICES_IN_A_BOX
        if held and case.need.box_hours is not None and "need.box_hours" not in _said(case):
            yield Reason("why_box", {"hours": case.need.box_hours})
    elif case.scenario == "no-gpu":
        yield from _processor(case)
    elif case.enough_owned is None and case.best is not None:
        yield from _card(case, case.best)


def _processor(case: Circumstances) -> Iterator[Reason]:
    need, said = case.need, _said(case)
    if need.cpu_hours is not None and "need.cpu_hours" not in said:
        yield Reason("why_processor_hours", {"cpu_hours": need.cpu_hours})
    elif need.cpu_tokens_per_s is not None and "need.cpu_tokens_per_s" not in said:
        yield Reason("why_processor_tokens", {"cpu_tokens_per_s": need.cpu_tokens_per_s})


def _card(case: Circumstances, best: Pick) -> Iterator[Reason]:
    need, facts = case.need, best.good_for.values
    hours, speed = facts.get("hours"), facts.get("speed")
    values: dict[str, Value] = {
        "name": _named(best.device.name, best.count),
        "hours": hours,
        "speed": speed,
        "unit": facts.get("unit"),
    }
    if isinstance(hours, float):
        slow = need.cpu_hours is not None and WORTH_TELLING * hours < need.cpu_hours < LONGEST_COMPARED_HOURS
        yield Reason("why_hours" if slow else "why_hours_alone", values | {"cpu_hours": need.cpu_hours})
    elif isinstance(speed, float) and 0 < speed < SLOW_PER_S:
        yield Reason("why_speed_slow", values | {"hours_each": 1 / (speed * SECONDS_PER_HOUR)})
    elif isinstance(speed, float):
        alone = (case.job.concurrent_requests or 1) == 1
        slow = alone and need.cpu_tokens_per_s is not None and WORTH_TELLING * need.cpu_tokens_per_s < speed
        yield Reason("why_tokens" if slow else "why_speed", values | {"cpu_tokens_per_s": need.cpu_tokens_per_s})


def _money(case: Circumstances) -> Iterator[Reason]:
    """From which hours buying pays, or else what the nearest way to a device costs."""
    deal, best, wanted = case.buy_or_rent, case.best, case.constraints.ownership
    rented = None if wanted == "buy" else _rented(case)
    if case.enough_owned is not None:
        return
    if case.scenario in {"no-gpu", "cluster"} or wanted == "rent" or best is None or best.price is None:
        if rented is not None and rented.total_usd is not None and rented.total_usd.expected > A_CENT_USD:
            yield Reason("why_rent_run", _offer(rented) | {"usd": rented.total_usd.expected})
    elif deal is not None and wanted != "buy":
        yield _break_even(deal)
    else:
        price = best.price
        values: dict[str, Value] = {
            "name": _named(best.device.name, best.count),
            "usd": price.usd,
            "as_of": price.as_of.isoformat(),
        }
        yield Reason("why_price_used" if price.condition == "used" else "why_price", values)


def _break_even(deal: BuyOrRent) -> Reason:
    even = deal.break_even_hours_per_month
    values = _offer(deal.rent) | {
        "buy_name": _named(deal.buy.device.name, deal.buy.count),
        "hours": deal.hours_per_month,
        "break_even_hours": even,
        "usd": None if deal.buy.price is None else deal.buy.price.usd,
        "as_of_price": None if deal.buy.price is None else deal.buy.price.as_of.isoformat(),
    }
    if even is None or even > HOURS_PER_MONTH:
        return Reason("why_rent_always", values)
    if even == 0:
        return Reason("why_buy_always", values)
    if deal.cheaper == "buy":
        return Reason("why_buy", values)
    return Reason("why_rent_one_run" if deal.one_run else "why_rent", values)


def _rented(case: Circumstances) -> CloudOption | None:
    """The cheapest run that is not free."""
    priced = [each for each in case.cloud if each.total_usd is not None and each.basis == "run" and not each.free]
    return min(that_hold_it(priced), key=lambda each: each.total_usd.expected if each.total_usd else 0.0, default=None)


def _offer(option: CloudOption) -> dict[str, Value]:
    return {
        "rent_name": _named(option.device.name, option.count),
        "provider": option.provider_name,
        "usd_per_hour": option.usd_per_hour,
        "as_of": option.as_of.isoformat(),
    }


def _named(name: str, count: float) -> str:
    return name if count == 1 else f"{count:,g} x {name}"


def _said(case: Circumstances) -> set[str]:
    """Figures that the rules name already."""
    return {name for reason in case.decision.reasons for name in reason.values}

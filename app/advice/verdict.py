"""The verdict: one sentence that a person can act on."""

import math

from app.advice.buy_or_rent import BuyOrRent
from app.advice.candidates import devices_for_time
from app.advice.circumstances import Circumstances
from app.advice.cloud import CloudOption, old_but_far_cheaper, that_hold_it
from app.advice.limits import hardware_name
from app.advice.money import money
from app.advice.owned import Owned
from app.advice.reasons import Reason, Value
from app.advice.reference_cards import DEVICES_IN_A_BOX
from app.advice.remarks_work import LARGEST_USUAL_RAM_GB, ORDINARY_RAM_GB
from app.engine.classical_cost import is_forest
from app.engine.classical_memory import boosted_bytes
from app.engine.data_amounts import AUDIO_WINDOW_S
from app.engine.model_spec import AlgorithmSpec
from app.engine.units import GB, GIB, HOURS_PER_DAY, HOURS_PER_MONTH

SOLD_GIB = (8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0, 80.0, 96.0, 128.0, 141.0, 180.0, 192.0)
"""Memory sizes in which cards are sold today. [GB]"""
LUNCH_HOURS = 1.0
"""A run that a processor finishes within this time deserves no thought about cards, as the rules have it."""
SMALL_POLICY_PARAMETERS = 1e7
"""Up to this size an agent's network is small beside the environments that it acts in, as the rules have it."""
LONG_ON_A_PROCESSOR_HOURS = 24.0
"""A run that takes a processor longer is left to the free notebook."""
ENDLESS_HOURS = 336.0
"""A fit of more than two weeks asks for another method, not for other hardware."""
PATIENCE = ("machine_days", "cluster_days")
"""Longest runs that a cluster's price is told for, if any offer is that quick."""
SELDOM_SHARE = 0.2
"""Below this share of the break-even's hours, the hours that were only assumed are not worth telling."""
RECIPES = {
    "change_qlora": "verdict_owned_qlora",
    "change_lora": "verdict_owned_lora",
    "change_eight_bit": "verdict_owned_eight_bit",
    "change_four_bit": "verdict_owned_four_bit",
}
"""Changes that cost little quality and nothing to try, by the sentence that leads with them."""
EVEN_WITHIN_SHARE = 0.05
"""Hours this near to the break-even read like it, and both ways cost the same for all that is known."""


def verdict(case: Circumstances) -> Reason:
    """The sentence of the answer; its code follows the scenario and what is known."""
    facts = _facts(case)
    match case.scenario:
        case "no-gpu":
            return Reason(_no_card(case), facts)
        case "one-gpu":
            return Reason(_one_card(case), facts)
        case "cluster":
            return Reason(_cluster(case), facts)
        case _:
            return Reason(_box_or_cloud(case), facts)


def _facts(case: Circumstances) -> dict[str, Value]:
    need, tier, best = case.need, case.decision.tier, case.best
    deal, owned, changed = case.buy_or_rent, case.enough_owned, _by_a_smaller_recipe(case)
    return {
        "tier": tier.title,
        "least_gib": least_gib(case),
        "holding_gib": _sold_gib(case.need.smallest_single_gpu_gib or 0.0),
        "picked_gib": _picked_gib(case),
        "roomy_gib": _sold_gib(max(least_gib(case) or 0.0, case.need.smallest_sure_gpu_gib or 0.0)),
        "memory_gib": need.memory_gib,
        "rows": need.rows,
        "cpu_hours": need.cpu_hours,
        "notebook_hours": need.notebook_hours,
        "cpu_tokens_per_s": need.cpu_tokens_per_s,
        "cpu_samples_per_s": need.cpu_samples_per_s,
        "times_as_fast": None if need.cpu_samples_per_s is None else AUDIO_WINDOW_S * need.cpu_samples_per_s,
        "times_as_long": None if not need.cpu_samples_per_s else 1 / (AUDIO_WINDOW_S * need.cpu_samples_per_s),
        "ram_gb": case.host.ram_gb,
        "card_hours": need.consumer_gpu_hours,
        "devices": _devices(case),
        "boosted_gib": None if not need.rows else boosted_bytes(need.rows, need.columns or 1.0) / GIB,
        "requests": case.job.concurrent_requests,
        "picked": tier.title if best is None else hardware_name(best.device, best.count),
        "hardware": None if deal is None else hardware_name(deal.buy.device, deal.buy.count),
        "rented": None if deal is None else hardware_name(deal.rent.device, deal.rent.count),
        "rented_usd_per_hour": None if deal is None else deal.rent.usd_per_hour,
        "owned": _named(owned) if owned is not None else next((e.name for e in case.cards if e.fit == "fits"), None),
        "owned_hours": None if owned is None else owned.verdict.values.get("hours"),
        "tight_owned": None if case.tight_owned is None else _named(case.tight_owned),
        "changed_owned": None if changed is None else _named(changed),
        "changed_gib": None
        if changed is None or changed.change_needed is None
        else changed.change_needed.values["changed_gib"],
        "break_even_hours": None if deal is None else deal.break_even_hours_per_month,
        "hours": None if deal is None else deal.hours_per_month,
        "latency_ms": case.job.workload.latency_ms,
    } | _rent(case)


def least_gib(case: Circumstances) -> float | None:
    """The memory to ask for: what the work needs, and no less than the class of hardware starts with."""
    tier = case.decision.tier
    floor = tier.memory_gib_min or tier.memory_gib_max
    if floor is None:
        return None
    wanted = max(floor, min(case.need.smallest_single_gpu_gib or 0.0, tier.memory_gib_max or math.inf))
    return _sold_gib(wanted)


def _sold_gib(wanted: float) -> float:
    return next((size for size in SOLD_GIB if size >= wanted), wanted)


def _picked_gib(case: Circumstances) -> float | None:
    """Nominal memory of the first pick; None where its data sheet tells none, as of boards with FPGAs."""
    if case.best is None or math.isnan(case.best.device.memory_bytes):
        return None
    return float(round(case.best.device.memory_bytes / GIB))


def _devices(case: Circumstances) -> float | None:
    """Reference cards for the memory and, in a cluster, for the time that a run may take."""
    need = case.need
    if case.scenario != "cluster" or need.devices_80gb is None:
        return need.devices_80gb
    asked = max(need.devices_80gb, devices_for_time(need, case.constraints), 2.0 * DEVICES_IN_A_BOX)
    return 2.0 ** math.ceil(math.log2(asked)) if asked > need.devices_80gb else asked


def _named(owned: Owned) -> str:
    return owned.name if owned.count == 1 else f"{owned.count:,} x {owned.name}"


def _rent(case: Circumstances) -> dict[str, Value]:
    """The cheapest paid offer that is told, of those that are quick enough if there are any."""
    paid = [option for option in case.cloud if not option.free]
    paid = [option for option in paid if not option.late] or paid
    first = min(paid, key=lambda option: (not option.fresh, option.usd_per_hour), default=None)
    older = [option for option in paid if first is not None and old_but_far_cheaper(option, than=first)]
    first = min(older, key=lambda option: option.usd_per_hour, default=first)
    priced = _run_offer(paid)
    return {
        "rent_usd_per_hour": None if first is None else first.usd_per_hour,
        "rent_device": None if first is None else hardware_name(first.device, first.count),
        "run_usd": None if priced is None or priced.total_usd is None else priced.total_usd.expected,
        "run_hours": None if priced is None or priced.hours is None else priced.hours.expected,
        "run_usd_per_hour": None if priced is None else priced.usd_per_hour,
        "run_devices": None if priced is None else priced.count,
        "run_device": None if priced is None else priced.device.name,
    }


def _run_offer(paid: list[CloudOption]) -> CloudOption | None:
    """The cheapest offer that does a run soon, graphics cards before TPUs; if none is quick enough, the quickest."""
    known = [
        (option.device.kind == "tpu", option.total_usd.expected, option.hours.expected, option)
        for option in that_hold_it(paid)
        if option.hours and option.total_usd
    ]
    for patience_hours in (money(days) * HOURS_PER_DAY for days in PATIENCE):
        in_time = [each for each in known if each[2] <= patience_hours]
        if in_time:
            return min(in_time, key=lambda each: each[:2])[3]
    return min(known, key=lambda each: each[2])[3] if known else None


def _no_card(case: Circumstances) -> str:
    job, need = case.job, case.need
    if job.workload.task == "learn":
        return "verdict_learn"
    if case.constraints.budget_usd == 0:
        return "verdict_nothing_to_spend"
    if isinstance(job.model, AlgorithmSpec):
        return _table(case, job.model)
    if job.work_class == "rl" and job.model.parameters < SMALL_POLICY_PARAMETERS:
        return "verdict_agents"
    if need.cpu_tokens_per_s is not None:
        return "verdict_small_language_model"
    if job.training and need.notebook_hours is not None and (need.cpu_hours or math.inf) > LONG_ON_A_PROCESSOR_HOURS:
        return "verdict_notebook_training"
    if job.training and need.cpu_hours is not None:
        return "verdict_small_training" if need.cpu_hours > LUNCH_HOURS else "verdict_tiny_training"
    if job.work_class == "audio" and need.cpu_samples_per_s:
        return "verdict_speech" if AUDIO_WINDOW_S * need.cpu_samples_per_s >= 1 else "verdict_speech_slow"
    return "verdict_light_running" if need.cpu_samples_per_s else "verdict_no_card"


def _table(case: Circumstances, model: AlgorithmSpec) -> str:
    need = case.need
    if (need.cpu_memory_bytes or 0.0) > LARGEST_USUAL_RAM_GB * GB:
        return "verdict_forest_too_large" if is_forest(model.name) else "verdict_table_too_large_a_method"
    if (need.cpu_hours or 0.0) > ENDLESS_HOURS:
        return "verdict_table_too_slow_a_method"
    large = "_large" if case.host.ram_gb > ORDINARY_RAM_GB else ""
    return f"verdict_table{large}" if need.rows and need.cpu_hours is not None else "verdict_classical"


def _one_card(case: Circumstances) -> str:
    if case.enough_owned is not None:
        return "verdict_owned"
    if case.constraints.budget_usd == 0 and any(each.fit == "fits" for each in case.cards):
        return "verdict_owned_old"
    if case.need.memory is None:
        return "verdict_memory_unknown"
    if case.tight_owned is not None:
        return "verdict_owned_tight"
    if (changed := _by_a_smaller_recipe(case)) is not None and changed.change_needed is not None:
        return RECIPES[changed.change_needed.code]
    laptop = "_laptop" if case.constraints.portable else ""
    timed = "_hours" if case.need.consumer_gpu_hours is not None and case.job.training else ""
    if not laptop and (beside := _beside_the_least(case)):
        return f"verdict_one_card{beside}"
    return f"verdict_one_card{laptop}{timed}"


def _by_a_smaller_recipe(case: Circumstances) -> Owned | None:
    """What they have that holds the work with fewer bits or adapters, where nothing better is left to them.

    Who named the method or the precision means it, unless what they can pay for does not do it either.
    """
    cards = (each for each in case.cards if each.device is not None and each.usable and each.fit == "does_not_fit")
    found = next((each for each in cards if each.change_needed and each.change_needed.code in RECIPES), None)
    if found is None or case.constraints.ownership == "rent":
        return None
    asked, budget = case.job.workload, case.constraints.budget_usd
    named = (asked.method if case.job.training else asked.precision) is not None
    price = None if case.best is None or case.best.price is None else case.best.price.usd
    beyond = budget is not None and price is not None and price > budget
    return None if named and not beyond else found


def _beside_the_least(case: Circumstances) -> str:
    """Whether a card with less than the memory to ask for is the first pick, or would do."""
    least, picked, smallest = least_gib(case) or 0.0, _picked_gib(case), case.need.smallest_single_gpu_gib
    if case.best is not None and case.best.fit == "tight" and picked is not None and picked < least:
        return "_tight"
    return "_roomy" if smallest is not None and _sold_gib(smallest) < least else ""


def _box_or_cloud(case: Circumstances) -> str:
    deal, cheapest = case.buy_or_rent, _rent(case)
    if case.constraints.ownership == "rent" and not case.constraints.on_premises_only:
        return "verdict_rent" if cheapest["rent_usd_per_hour"] is not None else "verdict_rent_no_offer"
    if case.enough_owned is not None:
        return "verdict_owned_box"
    if case.tight_owned is not None:
        return "verdict_owned_box_tight"
    if (changed := _by_a_smaller_recipe(case)) is not None and changed.change_needed is not None:
        return RECIPES[changed.change_needed.code]
    if deal is None:
        return "verdict_box_on_premises" if case.constraints.on_premises_only else "verdict_box"
    return _by_break_even(case, deal)


def _by_break_even(case: Circumstances, deal: BuyOrRent) -> str:
    """Whether to buy or to rent; who asks to buy is told from which hours on they are right."""
    even, asked_to_buy = deal.break_even_hours_per_month, case.constraints.ownership == "buy"
    if even is None or even > HOURS_PER_MONTH:
        return "verdict_buy_asked_always_dearer" if asked_to_buy else "verdict_rent_always"
    assumed = case.need.hours_are_assumed
    if asked_to_buy and (assumed or deal.cheaper == "rent"):
        return "verdict_buy_asked"
    if assumed and deal.cheaper == "rent" and (deal.one_run or deal.hours_per_month < SELDOM_SHARE * even):
        return "verdict_rent_seldom"
    if case.need.monthly_basis == "service" and deal.cheaper == "buy":
        return "verdict_break_even_buy_service"
    if not assumed and abs(deal.hours_per_month - even) <= EVEN_WITHIN_SHARE * even:
        return "verdict_break_even"
    return f"verdict_break_even_{'buy' if deal.cheaper == 'buy' else 'rent'}{'_assumed' if assumed else ''}"


def _cluster(case: Circumstances) -> str:
    if case.job.workload.latency_ms is not None and any(words.fpga for words in case.need.asked_for):
        return "verdict_fpga"
    priced = _rent(case)
    if case.enough_owned is not None:
        timed = priced["run_usd"] is not None and isinstance(case.enough_owned.verdict.values.get("hours"), float)
        return f"verdict_owned_cluster{'_cost' if timed and case.job.training else ''}"
    if case.job.workload.task == "inference":
        return "verdict_cluster_serving" if priced["run_usd"] is None else "verdict_cluster_serving_cost"
    adapts = case.job.workload.task == "finetune"
    smaller = "" if not adapts else "_adapters" if case.job.method == "full" else "_anyway"
    if priced["run_usd"] is not None and priced["run_hours"] is not None:
        in_one = isinstance(devices := priced["run_devices"], float) and devices <= DEVICES_IN_A_BOX
        return f"verdict_cluster_{'edge' if in_one else 'cost'}{smaller}"
    return f"verdict_cluster{smaller}"

"""Remarks about what people have and asked for: cards together, power, system memory, providers, vendors."""

import re

from app.advice.circumstances import Circumstances, Remarks, note, problem, warning
from app.advice.host import supply_w
from app.advice.market import Market, Provider
from app.advice.owned import Owned
from app.advice.reference_cards import DEVICES_IN_A_BOX
from app.engine.model_spec import AlgorithmSpec
from app.engine.units import GIB

NOTABLE_DRAW_W = 200.0
"""From this draw of all cards on, the power supply deserves a sentence."""
CORES_PER_CARD = 4
"""Processor cores that feed one card; see data/host.toml."""
USUAL_SHARED_SHARE = 0.75
"""Share of unified memory that the GPU may usually use; see the catalogue's devices."""
GIB_LOADED_EASILY = 0.9
"""A model is loaded without trouble when it takes at most this share of the system memory."""


def hardware_remarks(case: Circumstances) -> Remarks:
    """Everything about the hardware and the services that were named."""
    yield from _unequal(case)
    yield from _several(case)
    yield from _power(case)
    yield from _system_memory(case)
    yield from _vendors(case)
    yield from _providers(case)


def _unequal(case: Circumstances) -> Remarks:
    known = {(each.slug, _gib(each)) for each in case.cards}
    sizes = [size for _, size in known if size is not None]
    if len(known) > 1 and sizes:
        code = "unequal_cards" if min(sizes) < max(sizes) else "unequal_models"
        yield warning(code, smallest_gib=min(sizes), largest_gib=max(sizes))


def _gib(owned: Owned) -> float | None:
    if owned.device is not None:
        return owned.device.memory_bytes / GIB
    return owned.words.memory_gib if owned.words is not None else None


def _several(case: Circumstances) -> Remarks:
    """Several cards in one job: what the links between them do, and the cores that feed them."""
    if isinstance(case.job.model, AlgorithmSpec):
        return
    owned = max((each.count for each in case.cards), default=0)
    picked = case.best.count if case.best is not None else 0
    if not case.job.training or max(owned, picked) < 2:
        return
    device = next((each.device for each in case.cards if each.count == owned), None) if owned >= 2 else None
    device = device or (case.best.device if case.best is not None and owned < 2 else None)
    linked = device is not None and device.interconnect not in {"none", ""}
    across = max(owned, picked) > DEVICES_IN_A_BOX
    code = "several_machines" if across and linked else "several_linked" if linked else "several_pcie"
    yield note(code, cards=max(owned, picked))
    if owned >= 2:
        yield note("several_cores", cards=owned, cores=CORES_PER_CARD * owned)


def _power(case: Circumstances) -> Remarks:
    """Power supply for the cards that people have; the recommended computer has its own sentence."""
    cards = [
        each for each in case.cards if each.device is not None and each.device.segment in {"desktop", "workstation"}
    ]
    draw = sum(each.device.tdp_w * each.count for each in cards if each.device is not None and each.device.tdp_w)
    if not draw:
        return
    needed = supply_w(tdp_w=draw, count=1)
    have = case.constraints.psu_watts
    values = {"draw_w": draw, "psu_w": _to_fifty(needed), "have_w": have, "cards": sum(each.count for each in cards)}
    if have is not None and have < needed:
        yield problem("supply_too_small", **values)
    elif draw >= NOTABLE_DRAW_W:
        yield note("supply_for_owned", **values)


def _to_fifty(watts: float) -> float:
    return -(-watts // 50) * 50


def _system_memory(case: Circumstances) -> Remarks:
    have = case.constraints.system_memory_gb
    if have is None or have >= case.host.ram_gb:
        return
    model = case.need.memory_gib or 0.0
    values = {"have_gb": have, "ram_gb": case.host.ram_gb, "memory_gib": case.need.memory_gib}
    large = model > GIB_LOADED_EASILY * have and not isinstance(case.job.model, AlgorithmSpec)
    yield warning("system_memory_loading" if large else "system_memory_small", **values)


def _vendors(case: Circumstances) -> Remarks:
    wanted = {vendor.lower() for vendor in case.constraints.vendors or ()}
    picked = {pick.device.vendor.lower() for pick in case.picks if pick.device.kind == "gpu"}
    owned = {each.device.vendor.lower() for each in case.cards if each.device is not None and each.device.kind == "gpu"}
    if "amd" in wanted or ("amd" in picked and "amd" not in owned):
        yield note("vendor_amd")
    shared = [pick.device for pick in case.picks if pick.device.unified_memory]
    if shared or wanted & {"apple"}:
        share = min((each.usable_memory_bytes / each.memory_bytes for each in shared), default=USUAL_SHARED_SHARE)
        yield note("unified_memory", share=share)
    tpus = any(pick.device.kind == "tpu" for pick in case.picks) or any(o.device.kind == "tpu" for o in case.cloud)
    asked = wanted & {"google"} or any(words.tpu for words in case.need.asked_for)
    if asked or tpus or (case.scenario == "cluster" and case.job.training) or case.job.workload.task == "pretrain":
        yield note("tpu_pytorch" if case.job.workload.framework == "pytorch" else "tpu", rentable=True)
    if case.job.workload.task == "pretrain":
        yield note("tpu_research")
    if case.scenario == "cluster" and case.job.training:
        yield note("fpga_no_training")


def _providers(case: Circumstances) -> Remarks:
    asked = case.constraints.providers or ()
    for name in asked:
        provider = provider_named(case.market, name)
        if provider is None:
            yield warning("provider_unknown", provider=name)
        elif provider.status == "closed":
            yield warning("provider_closed", provider=provider.name, note=provider.status_note.rstrip("."), asked=name)
        elif provider.status != "active":
            yield warning("provider_unclear", provider=provider.name, note=provider.status_note.rstrip("."))
    if len(asked) > 1:
        yield note("compare_providers")


def provider_named(market: Market, name: str) -> Provider | None:
    """The provider of this name, slug or alias, spelling forgiven."""
    wanted = _plain(name)
    for provider in market.providers:
        if wanted in {_plain(each) for each in (provider.slug, provider.name, *provider.aliases)}:
            return provider
    starts = (
        p for p in market.providers if wanted and wanted in {_plain(word) for word in re.split(r"[\s(),]+", p.name)}
    )
    return next(starts, None)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())

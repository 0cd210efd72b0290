"""Remarks about memory: what drives it, what makes it smaller, and when it has to be split; all re-estimated."""

from dataclasses import replace
from itertools import pairwise

from app.advice.circumstances import Circumstances, Remarks, note, warning
from app.advice.picks import Pick
from app.advice.recipes import cheaper_recipes
from app.advice.reference_cards import DEVICES_IN_A_BOX
from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, NetworkSpec, TransformerSpec
from app.engine.units import GIB

EVERYWHERE_GIB = 0.25
"""Memory that every card and computer has to spare: what drives it is not worth telling. [GiB]"""
NOTABLE_RATIO = 1.03
"""A change of the memory by less than this is not worth a sentence."""
LESS_THAN = 0.9
"""A cheaper recipe is told of when it takes at most this share of the memory."""
WORTH_SAVING_BYTES = 6 * GIB
"""Below this nobody needs a cheaper recipe."""
CHEAPER_PRECISIONS = (("fp16", "16 bits"), ("int8", "8 bits"), ("q4_k_m", "4 bits"))
DESKTOP_TIERS = frozenset({"entry", "mid", "high"})
"""Classes of which one desktop card is enough."""


def memory_remarks(case: Circumstances) -> Remarks:
    """What drives the memory of this work."""
    if isinstance(case.job.model, AlgorithmSpec) or case.need.memory is None:
        return
    yield from _drivers(case)
    yield from _mixture(case)
    yield from _cheaper(case)
    yield from _split(case)


def _drivers(case: Circumstances) -> Remarks:
    """How the memory grows with the input: longer texts, larger batches, larger pictures."""
    job, now = case.job, case.need.memory_gib
    if (now is not None and now < EVERYWHERE_GIB) or job.workload.task == "learn":
        return
    if job.training or case.job.work_class.startswith("science"):
        longer, batch = _gib(case, _twice_as_long(job)), _gib(case, _twice_the_batch(job))
    else:
        longer, batch = _gib(case, _twice_as_long(job)), None
    larger = _gib(case, _twice_the_side(job))
    values = {"memory_gib": now, "longer_gib": longer, "batch_gib": batch, "larger_gib": larger}
    length = case.need.tokens is not None or isinstance(job.model, TransformerSpec)
    if longer and batch and length and job.seq_len > 1:
        yield note("memory_length_batch", tokens=2 * job.seq_len, **values)
    elif longer and job.seq_len > 1:
        code = "memory_residues" if job.work_class == "science" else "memory_context"
        yield note(code, tokens=2 * job.seq_len, **values)
    elif larger and batch:
        yield note("memory_patches" if job.depth else "memory_pictures_batch", **values)
    elif larger:
        yield note("memory_pictures", **values)
    elif batch:
        yield note("memory_batch", **values)
    elif job.work_class == "science":
        yield note("memory_science", **values)


def _twice_as_long(job: Job) -> Job | None:
    if job.seq_len <= 1:
        return None
    return replace(
        job, seq_len=2 * job.seq_len, prompt_tokens=max(job.prompt_tokens, 2 * job.seq_len - job.output_tokens)
    )


def _twice_the_batch(job: Job) -> Job | None:
    return replace(job, micro_batch_size=2 * job.micro_batch_size) if job.training else None


def _twice_the_side(job: Job) -> Job | None:
    if job.image_size is None:
        return None
    depth = None if job.depth is None else 2 * job.depth
    return replace(job, image_size=(2 * job.image_size[0], 2 * job.image_size[1]), depth=depth)


def _gib(case: Circumstances, changed: Job | None) -> float | None:
    """Memory of the changed job, if it differs noticeably."""
    if changed is None or case.need.memory_gib is None:
        return None
    found = case.gib_of(changed)
    return found if found is not None and found > NOTABLE_RATIO * case.need.memory_gib else None


def _mixture(case: Circumstances) -> Remarks:
    model = case.job.model
    if isinstance(model, TransformerSpec) and model.num_experts > 1:
        yield note(
            "mixture_of_experts",
            experts=model.num_experts,
            parameters=model.parameters,
            active=model.active_parameters,
        )


def _cheaper(case: Circumstances) -> Remarks:
    """The ways to need less, each with its memory."""
    job, memory = case.job, case.need.memory
    if memory is None or memory.expected < WORTH_SAVING_BYTES:
        return
    found = {recipe.code: case.gib_of(recipe.job) for recipe in cheaper_recipes(job)}
    smaller = {code: gib for code, gib in found.items() if gib is not None and gib * GIB < LESS_THAN * memory.expected}
    values = {"memory_gib": case.need.memory_gib}
    if job.training and isinstance(job.model, TransformerSpec):
        both = {"lora_gib": smaller.get("lora"), "qlora_gib": smaller.get("qlora")}
        if both["lora_gib"] and both["qlora_gib"]:
            yield note("cheaper_adapters", **values, **both)
        elif both["qlora_gib"]:
            yield note("cheaper_qlora", **values, **both)
        elif "checkpointing" in smaller:
            yield note("cheaper_checkpointing", **values, smaller_gib=smaller["checkpointing"])
    elif isinstance(job.model, DiffusionSpec):
        yield from _cheaper_pictures(job, values, smaller)
    elif isinstance(job.model, TransformerSpec) and job.model.architecture == "decoder":
        yield from _bits(case)
    elif isinstance(job.model, NetworkSpec) and job.training and "batch_1" in smaller:
        yield note("cheaper_batch", **values, smaller_gib=smaller["batch_1"])


def _cheaper_pictures(job: Job, values: dict[str, float | None], smaller: dict[str, float]) -> Remarks:
    if job.training and "checkpointing" in smaller:
        yield note("cheaper_checkpointing", **values, smaller_gib=smaller["checkpointing"])
    elif job.training and "qlora" in smaller:
        yield note("cheaper_qlora", **values, qlora_gib=smaller["qlora"])
    elif job.training and "small_pictures" in smaller:
        yield note("cheaper_small_pictures", **values, smaller_gib=smaller["small_pictures"])
    elif not job.training and "eight_bit" in smaller:
        yield note("cheaper_eight_bit", **values, smaller_gib=smaller["eight_bit"])


def _bits(case: Circumstances) -> Remarks:
    """A language model at 16, 8 and 4 bits: the lever for running it, where the weights take most."""
    sizes = []
    for precision, _ in CHEAPER_PRECISIONS:
        framework = "llama.cpp" if precision == "q4_k_m" else case.job.framework
        sizes.append(case.gib_of(replace(case.job, precision=precision, framework=framework)))
    known = [size for size in sizes if size is not None]
    if len(known) == len(sizes) and all(fewer < more for more, fewer in pairwise(known)):
        yield note("bits", bits_16_gib=known[0], bits_8_gib=known[1], bits_4_gib=known[2])


def _split(case: Circumstances) -> Remarks:
    """Work that one device cannot hold: sharding, and the links that it needs."""
    need, best = case.need, case.best
    values = {
        "memory_gib": need.memory_gib,
        "devices": max(need.devices_80gb or 1.0, 1.0 if best is None else float(best.count)),
        "cards": None if best is None else best.count,
        "name": None if best is None else best.device.name,
    }
    if case.scenario == "cluster":
        several_picked = best is not None and best.count > DEVICES_IN_A_BOX
        several_machines_told = case.job.training and not case.cards and several_picked
        if not several_machines_told:
            yield note("cluster_links", **values)
        if case.constraints.on_premises_only:
            yield warning("cluster_on_premises", **values)
    elif case.decision.tier.slug in DESKTOP_TIERS and not case.job.training:
        return  # one card is what the answer asks for, with parts of the model beside it
    elif not need.single_gpu_fits or (not need.consumer_gpu_fits and not _one_desktop_card(best)):
        yield note("shard_training" if case.job.training else "shard_running", **values)


def _one_desktop_card(best: Pick | None) -> bool:
    """Whether one card for desktops is picked: then it is not called too small."""
    return best is not None and best.count == 1 and best.device.kind == "gpu" and best.device.segment == "desktop"

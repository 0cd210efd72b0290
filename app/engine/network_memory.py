"""Peak memory of one device while a network trains or runs."""

from dataclasses import dataclass

import numpy as np

from app.engine import style_networks
from app.engine.coefficients_networks import NETWORKS
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.network_work import NetworkWork
from app.engine.precision import bytes_per_element, bytes_per_parameter
from app.engine.result import Footprint, MemoryPart
from app.engine.sharded_state import SHARED_FROM_STAGE, shared_parts

STATES = {
    "sgd": 0.0, "sgd_momentum": 1.0, "adam": 2.0, "adamw": 2.0, "rmsprop": 1.0, "lion": 1.0, "muon": 1.0,
    "adafactor": 0.0, "adamw8bit": 0.5,
}  # fmt: skip
"""State tensors an optimizer keeps per parameter, in units of one fp32 parameter (8-bit Adam: two of one byte)."""
GAN_EXTRA_BYTES = 4.0
"""A moving average of the weights. StyleGAN2, arXiv:1912.04958."""
CLASSES_BY_DATASET = {
    "ade20k": 150.0, "cityscapes": 19.0, "pascal-voc": 21.0, "voc": 21.0, "coco-stuff": 171.0, "pascal-context": 59.0,
    "mapillary": 66.0, "camvid": 11.0, "kitti": 19.0, "bdd100k": 19.0, "nyu": 40.0, "sun-rgbd": 37.0, "coco": 80.0,
}  # fmt: skip
"""Classes of public segmentation sets, by the start of their name (their papers and home pages)."""
WIDE_PICTURE = 1.5
"""Width over height from which a picture is taken for one of a street."""
STREET_PIXELS = 700.0 * 700.0
"""Pixels from which one is too: crops of Cityscapes are 769 x 769 or 1024 x 512 (arXiv:1604.01685)."""
PURE_16_BIT = frozenset({"fp16", "bf16"})
DEPTHWISE_FAMILIES = ("mobile", "mnas", "efficientnet", "tf", "ghostnet", "shufflenet", "ssdlite")
"""Name starts of families built of depthwise convolutions; thin unknown nets count as such too."""
RETAINED_BY_ARCHITECTURE = {
    "vit": "attention", "detector": "detector", "segmenter": "segmenter", "unet": "unet", "gan": "gan", "mlp": "plain",
    "rnn": "recurrent", "gnn": "graph", "recommender": "recommender",
}  # fmt: skip
TABLES = "recommender"
"""Tables of a recommender are split by rows: looked-up rows travel, never whole layers (M. Naumov et al.,
arXiv:1906.00091, section 4)."""
HELD_BY_DETECTORS = {
    "retained_detector": "retained_detector_on_average",
    "retained_trained_detector": "retained_trained_detector_joined",
    "retained_trained_detector_moved": "retained_trained_detector_clipping",
}
"""What detectors keep in memory, where what they move says how their normalisation is trained."""
OUTPUT_PER_PIXEL = frozenset({"segmenter", "unet"})


@dataclass(frozen=True, slots=True)
class TrainingShare:
    """How much of a network is trained: all of it, adapters, or only the head."""

    trainable_fraction: float
    """Share of the parameters with gradients and optimizer state."""
    backward_fraction: float
    """Share of the backward pass that is run; 0 when running the network only."""
    recompute_fraction: float
    """Share of the forward pass that checkpointing repeats."""
    retained_fraction: float
    """Share of the activations that are kept for the backward pass."""


def training_share(job: Job) -> TrainingShare:
    """What a method trains and keeps; zeros for inference."""
    if not job.training:
        return TrainingShare(0.0, 0.0, 0.0, 0.0)
    if job.method == "frozen":
        head = NETWORKS.value("head_fraction")
        return TrainingShare(head, 0.0, 0.0, 0.0)
    checkpointed = job.gradient_checkpointing
    retained = NETWORKS.value("checkpointed_activations_fraction") if checkpointed else 1.0
    repeated = 1.0 if checkpointed else 0.0
    if job.method in {"lora", "qlora"}:
        return TrainingShare(
            NETWORKS.value("adapter_fraction"), NETWORKS.value("adapter_backward_fraction"), repeated, retained
        )
    return TrainingShare(1.0, 1.0, repeated, retained)


def optimizer_bytes_per_parameter(job: Job) -> float:
    """Weights, gradients and optimizer state of one trained parameter. [bytes]

    Plain 16-bit training keeps everything in 16 bits; fp32 and automatic mixed precision keep fp32.
    """
    unit = 2.0 if job.precision in PURE_16_BIT else 4.0
    return unit * (2.0 + STATES[job.optimizer])


def retained_ratio(work: NetworkWork, *, architecture: str, family: str) -> float:
    """Bytes kept for the backward pass per byte of counted activations. [-]

    Measured with ``saved_tensors_hooks`` on timm models, see ``data/networks.toml``; thin nets count as depthwise.
    """
    if work.copies is not None:
        return NETWORKS.value(HELD_BY_DETECTORS.get(work.copies, work.copies))
    kind = "depthwise" if family.startswith(DEPTHWISE_FAMILIES) else None
    if architecture == "cnn" and work.intensity < NETWORKS.value("depthwise_below_intensity"):
        kind = "depthwise"
    if thin_segmenter(work, architecture=architecture):
        kind = "thin_segmenter"
    return NETWORKS.value(f"retained_{kind or RETAINED_BY_ARCHITECTURE.get(architecture, 'residual')}")


def thin_segmenter(work: NetworkWork, *, architecture: str) -> bool:
    """Whether a segmenter has few products per activation: a transformer, or high resolution throughout."""
    return architecture == "segmenter" and work.intensity < NETWORKS.value("thin_segmenter_below_intensity")


def activation_bytes(job: Job, work: NetworkWork, *, architecture: str, family: str) -> float:
    """Activations alive at the worst moment: what the backward pass needs, or the widest layers without one. [bytes]"""
    element = bytes_per_element(job.precision)
    counted = (work.activations or 0.0) * job.micro_batch_size
    share = training_share(job)
    running = running_values(job, work, counted=counted, architecture=architecture) * element
    if share.retained_fraction == 0.0:
        return running
    if work.styles is not None:
        return style_networks.training_bytes(job, work.styles)
    if job.precision == "amp":
        element = bytes_per_element("fp32") * NETWORKS.value("mixed_precision_activations_fraction")
    ratio = retained_ratio(work, architecture=architecture, family=family)
    return max(counted * ratio * element * share.retained_fraction, running)


def running_values(job: Job, work: NetworkWork, *, counted: float, architecture: str) -> float:
    """Values alive at once while a batch runs through: of the widest layers, maps or score matrices. [elements]

    Whatever lies between, networks with an output for every pixel hold their first maps, and masks at full size.
    """
    live = NETWORKS.value("live_activations_attention" if work.transformer else "live_activations_conv")
    maps = NETWORKS.value("live_values_per_pixel") * work.pixels if architecture == "segmenter" else 0.0
    scores = NETWORKS.value("score_matrices_at_once") * work.held_scores
    return max(counted * live, job.micro_batch_size * maps) + job.micro_batch_size * scores


def known_classes(job: Job) -> float | None:
    """Classes of the data set that is named, where it is a public one. [-]"""
    data = job.workload.dataset
    name = (data.name if data else None) or ""
    return next((classes for start, classes in CLASSES_BY_DATASET.items() if name.lower().startswith(start)), None)


def output_classes(job: Job) -> float:
    """Classes that every pixel is scored for: of the data set that is named, else of the usual one for the picture. [-]

    Wide or large pictures are mostly street scenes with few classes, small square ones scenes with many.
    """
    known = known_classes(job)
    if known is not None:
        return known
    height, width = job.image_size or (1, 1)
    street = width / height >= WIDE_PICTURE or height * width >= STREET_PIXELS
    return NETWORKS.value("usual_classes_street" if street else "usual_classes_scene")


def output_map_bytes(job: Job, work: NetworkWork, *, architecture: str) -> float:
    """Class scores for every pixel, upsampled to full size, with their loss and gradient. [bytes]"""
    if architecture not in OUTPUT_PER_PIXEL or not job.training or job.depth is not None:
        return 0.0
    copies = "score_copies_one_head" if thin_segmenter(work, architecture=architecture) else "score_copies"
    values = output_classes(job) * NETWORKS.value(copies)
    return work.pixels * job.micro_batch_size * values * bytes_per_element("fp32")


def footprint(job: Job, systems: Systems, *, work: NetworkWork, architecture: str, family: str) -> Footprint:
    """Parts of the peak memory of one device. [bytes]"""
    parameters, share = work.parameters, training_share(job)
    held = bytes_per_parameter(job.precision)
    parts = [
        _part("weights", parameters * held, systems, f"{parameters:.4g} parameters x {held:g} bytes ({job.precision})")
    ]
    if job.training:
        parts += _trained_parts(job, systems, trained=parameters * share.trainable_fraction)
        unit = 0.0 if architecture == TABLES else parameters * held / max(work.layers, 1.0)
        parts = shared_parts(parts, systems, unit_bytes=unit)
    activations = activation_bytes(job, work, architecture=architecture, family=family)
    kept = "kept for the backward pass" if share.retained_fraction else "of the widest layers"
    shown = f"{(work.activations or 0.0):.4g} activations x batch {job.micro_batch_size}, {kept}"
    parts.append(_part("activations", activations, systems, shown))
    scores = output_map_bytes(job, work, architecture=architecture)
    if scores:
        parts.append(_part("logits", scores, systems, "class scores of every pixel, their loss and gradient"))
    if architecture == "gan" and job.training:
        parts.append(
            _part("averaged_copy", parameters * GAN_EXTRA_BYTES, systems, "moving average and double backward")
        )
    changing = [part for part in parts if job.training or part.part != "weights"]  # weights stay where they were put
    lost = NETWORKS.value("allocator_growth") * Footprint(tuple(changing)).total_bytes
    parts.append(MemoryPart("allocator", lost, "blocks that the allocator holds but cannot use"))
    return Footprint((*parts, *overhead_parts(systems, job.precision, products=work.transformer)))


def _trained_parts(job: Job, systems: Systems, *, trained: float) -> list[MemoryPart]:
    unit = 2.0 if job.precision in PURE_16_BIT else 4.0
    states = STATES[job.optimizer]
    replicated = (systems.count > 1) & (systems.plan.zero_stage < SHARED_FROM_STAGE["gradients"])
    buckets = np.where(replicated, trained * unit, 0.0)
    plain = np.full(len(systems), trained * unit)
    parts = [
        MemoryPart(
            "gradients", plain + buckets, f"{trained:.4g} trained parameters x {unit:g} bytes, twice with replicas"
        ),
        _part(
            "optimizer",
            trained * unit * states,
            systems,
            f"{trained:.4g} parameters x {states:g} states x {unit:g} bytes ({job.optimizer})",
        ),
    ]
    if job.precision == "amp":
        parts.append(
            _part("weights_16_bit", trained * 2.0, systems, f"{trained:.4g} parameters x 2 bytes, cast for the step")
        )
    return parts


def overhead_parts(systems: Systems, precision: str, *, products: bool = False) -> tuple[MemoryPart, ...]:
    """What libraries take: workspaces of convolutions, or of products alone; on a CPU the program itself. [bytes]"""
    groups = families(systems.devices)
    space = NETWORKS.column("workspace_of_products_bytes" if products else "workspace_bytes", groups)
    parts = (
        MemoryPart("workspace", space, f"library workspace ({precision})"),
        MemoryPart("context", NETWORKS.column("context_bytes", groups), "program and libraries"),
    )
    return tuple(part for part in parts if np.any(part.bytes > 0))


def _part(name: str, value: float, systems: Systems, formula: str) -> MemoryPart:
    return MemoryPart(name, np.full(len(systems), value), formula)

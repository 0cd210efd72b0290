"""Time of one step of a network: products, activation traffic, launches, optimizer, gradient exchange, input."""

from dataclasses import dataclass

import numpy as np

from app.engine import input_pipeline
from app.engine.arrays import BoolArray, FloatArray, Floats
from app.engine.coefficients_networks import NETWORKS
from app.engine.gradient_exchange import exchange_s, exposed_s
from app.engine.hardware import Devices, Systems
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.model_spec import NetworkSpec
from app.engine.network_math import MathRate, blocks_tensors, math_rate, uses_matrix_units
from app.engine.network_memory import TABLES, TrainingShare, optimizer_bytes_per_parameter, training_share
from app.engine.network_mode import (
    AUTOTUNED,
    CHOOSES_LAYOUT,
    captured,
    compiled_ahead,
    execution_mode,
    times_kernels,
    tunes_kernels,
    writes_scores,
)
from app.engine.network_work import NetworkWork
from app.engine.result import Pace
from app.engine.roofline import longest_part
from app.engine.sharded_state import SHARED_FROM_STAGE, exchanged_bytes
from app.engine.units import COLOURS, FLOPS_PER_MAC, FULL_BYTES

OVERLAP_POWER = 4.0
"""How sharply the longer of two overlapping terms wins: between their sum (1) and their maximum (infinity)."""
UPDATING_ROWS = frozenset({"sgd"})
"""Optimizers without a state, which change only those rows of a table that a batch has looked up."""
REFERENCE_YEAR = 2018
"""Year of the hosts that launch times are given for."""
NORMALISED_BEFORE = "retained_dense"
"""Copies of networks that normalise what they have joined before each convolution, which folds into none (DenseNet)."""
DEPTHWISE_EVERY = 2
"""A pointwise convolution follows every depthwise one. arXiv:1704.04861, section 3.1."""
LAUNCHES_WHOLE_PROGRAMS = frozenset({"jax"})
"""Compiled frameworks whose kernels are launched by a program of the compiler, not from Python."""
FED_BY_THE_HOST = frozenset({"tensorflow"})
"""Frameworks whose sessions take arrays of the host and give arrays back."""


@dataclass(frozen=True, slots=True)
class StepTimes:
    """The parts of one step on one device. [s]"""

    math_s: FloatArray
    traffic_s: FloatArray
    launch_s: FloatArray
    optimizer_s: FloatArray
    communication_s: FloatArray
    total_s: FloatArray

    def bound_by(self, *, data: FloatArray) -> tuple[str, ...]:
        """The largest part, per system, in the words of the contract."""
        return longest_part(
            compute=self.math_s,
            memory=self.traffic_s + self.optimizer_s,
            overhead=self.launch_s,
            communication=self.communication_s,
            data=data,
        )


def layer_touches(job: Job, systems: Systems, *, work: NetworkWork) -> FloatArray:
    """How often each activation is written or read in a forward pass. [-]

    Layers that keep more copies for the backward pass also move more: normalisation over concatenated inputs
    (DenseNet), or none at all (VGG). Thin nets scale their maps as a rule (EfficientNet); those known not to
    (MobileNetV2) move less.
    """
    kind = "attention" if work.transformer else "conv"
    groups = families(systems.devices)
    fused = execution_mode(job) in {"compiled", "runtime"} or captured(job)
    copies = NETWORKS.value(work.copies) / NETWORKS.value("retained_residual") if work.copies else 1.0
    tuned = copies * NETWORKS.column("autotuned_touches", groups)
    copies = copies * NETWORKS.value("windowed_touches") if work.windowed else copies
    copies = copies * NETWORKS.value("joined_touches") ** work.joins
    touched = copies * normalising(job, systems, work=work) * compiled_passes(job, systems, work=work)
    touched = touched * NETWORKS.column(f"{kind}_touches_{'compiled' if fused else 'eager'}", groups)
    blocked = systems.devices.where(kind="cpu") & blocks_tensors(job)
    in_caches = copies * NETWORKS.value("blocked_touches_compiled" if compiled_ahead(job) else "blocked_touches")
    plain = np.where(blocked, in_caches, touched)
    return np.where(fuses_convolutions(job, systems.devices, work=work), tuned, plain)


def normalising(job: Job, systems: Systems, *, work: NetworkWork) -> FloatArray:
    """Touches of fused layers whose normalisation is trained: its statistics are read before it can be applied. [-]

    Detectors that take pictures as they come start from a classifier whose normalisation is frozen, and fold it away.
    """
    fused = times_kernels(job, systems.devices, crops=work.crops) & (job.training and not work.selects)
    return np.where(fused, NETWORKS.value("normalising_touches"), 1.0)


def compiled_passes(job: Job, systems: Systems, *, work: NetworkWork) -> FloatArray:
    """What the code of a compiler touches of dense layers that only run, against thin ones. [-]

    It puts all that follows a dense convolution into one pass; maps that are scaled by what is averaged over them, as
    in thin nets, take one more.
    """
    dense = execution_mode(job) == "compiled" and not (job.training or work.transformer or work.branched)
    fewer = NETWORKS.column("compiled_touches_of_dense_layers", families(systems.devices))
    return np.where(dense, fewer ** (1.0 - work.depthwise_share), 1.0)


def repacking(job: Job, devices: Devices, *, rate: MathRate, work: NetworkWork) -> FloatArray:
    """Extra traffic of convolutions on matrix units whose tensors are not channels last; others need no repacking. [-]

    Graph frameworks choose the layout of 16-bit tensors themselves; TF32 is fed from tensors laid out for fp32. Every
    second convolution of a depthwise net is one on vector units, which take tensors as they come; compilers lay out
    all alike.
    """
    convolves = work.pixels > 0 and not work.transformer
    mode = execution_mode(job)
    as_given = job.channels_last or not convolves or mode == "runtime"
    narrow = (rate.bytes_per_element < FULL_BYTES) & (mode != "graph")
    in_tf32 = uses_matrix_units(rate.peak_flops_per_s, devices) & (rate.peak_name == "tf32")
    wants = (narrow | in_tf32) & (not as_given)
    extra = NETWORKS.value("repacking_without_channels_last") - 1.0
    taken = 0.0 if mode == "compiled" else work.depthwise_share / DEPTHWISE_EVERY
    return 1.0 + np.where(wants, extra, 0.0) * (1.0 - taken)


def traffic_s(job: Job, systems: Systems, *, work: NetworkWork, rate: MathRate, share: TrainingShare) -> FloatArray:
    """Time to move activations and weights through device memory; copies of windows cost as much back as forth. [s]"""
    devices = systems.devices
    equal_blocks = work.transformer and not work.windowed
    backward = NETWORKS.value(("attention_" if equal_blocks else "") + "backward_traffic_per_forward")
    passes = 1.0 + share.backward_fraction * backward + share.recompute_fraction
    touches = layer_touches(job, systems, work=work) * repacking(job, devices, rate=rate, work=work) * passes
    element = element_bytes(job, rate)
    scores = score_bytes(job, devices, work=work, touched=touches, passes=passes, element=element)
    written = ((work.activations or 0.0) - work.scores) * touches * element
    weights = met_parameters(job, work) * (1.0 + 2.0 * share.backward_fraction)
    reached = NETWORKS.column("bandwidth_efficiency", families(devices)) * devices.memory_bandwidth_bytes_per_s
    return ((written + scores) * job.micro_batch_size + weights * element) / reached


def score_bytes(
    job: Job, devices: Devices, *, work: NetworkWork, touched: FloatArray, passes: float, element: Floats
) -> FloatArray:
    """What moves for the attention scores of one sample; fused attention never writes one. [bytes]

    Kernels called one by one write them from a product, scale them, make them probabilities in full precision and read
    them again, which takes as long in 16 bits as in 32.
    """
    one_by_one = NETWORKS.value("score_touches_eager") * passes * FULL_BYTES
    each = one_by_one if execution_mode(job) == "eager" else touched * element
    return np.where(writes_scores(job, devices), work.scores * each, 0.0)


def met_parameters(job: Job, work: NetworkWork) -> float:
    """Weights that are read whole in a pass: of a recommender its layers, of whose tables a few rows are gathered. [-]

    Each weight of its layers is multiplied once per sample.
    """
    if not gathers_rows(job) or not work.forward_flops:
        return work.parameters
    return min(work.parameters, work.forward_flops / FLOPS_PER_MAC)


def gathers_rows(job: Job) -> bool:
    """Whether a model looks up a few rows of large tables for every sample, as recommenders do."""
    return isinstance(job.model, NetworkSpec) and job.model.architecture == TABLES


def element_bytes(job: Job, rate: MathRate) -> Floats:
    """Bytes of one value on its way; recommenders gather rows of tables that stay in fp32, and write less. [bytes]"""
    if not gathers_rows(job):
        return rate.bytes_per_element
    gathered = NETWORKS.value("recommender_gathered_share")
    return NETWORKS.value("recommender_touches_share") * (
        gathered * FULL_BYTES + (1 - gathered) * rate.bytes_per_element
    )


def launch_times_s(
    job: Job, systems: Systems, *, work: NetworkWork, share: TrainingShare
) -> tuple[FloatArray, FloatArray]:
    """Host time to launch all kernels, and device time that kernels take however small they are. [s]"""
    groups, mode = families(systems.devices), execution_mode(job)
    together = captured(job)
    per_layer = NETWORKS.value("kernels_per_attention_block" if work.transformer else "kernels_per_layer")

    def of_mode(name: str) -> FloatArray:
        graph, stated = (NETWORKS.column(f"{name}_{key}", groups) for key in ("compiled", mode))
        return graph if together else stated

    def launch() -> FloatArray:
        from_python = mode == "compiled" and job.framework not in LAUNCHES_WHOLE_PROGRAMS
        guarded = from_python and not together
        plain = NETWORKS.column("launch_s_compiled_in_python", groups) if guarded else of_mode("launch_s")
        return plain / program_speed(systems.devices) if mode == "eager" else plain

    kernels = per_layer * work.layers * of_mode("kernel_share")
    if gathers_rows(job) and not job.training:
        kernels = kernels * NETWORKS.value("recommender_kernels_share")
    if mode == "runtime" and (work.branched or work.copies == NORMALISED_BEFORE):
        kernels = per_layer * work.layers * NETWORKS.column("kernel_share_runtime_branched", groups)
    backward = backward_launches(systems.devices) * share.backward_fraction
    casts = NETWORKS.value("kernels_with_casts") if mode == "eager" and job.precision == "amp" and not together else 1.0
    launch_s = kernels * ((1.0 + share.recompute_fraction) * casts + backward) * launch()
    small = gathers_rows(job) and mode != "graph"  # a few numbers a sample to copy; sessions are fed all the same
    start_s = of_mode("step_start_s") * (NETWORKS.value("recommender_start_share") if small else 1.0)
    host_s = (launch_s + start_s) / host_speed(systems.devices) + feeding_s(job, systems.devices, work=work)
    shortest = np.maximum(kernels, work.layers * work.time_steps) * NETWORKS.column("shortest_kernel_s", groups)
    shorter = NETWORKS.column("autotuned_shortest_share", groups)
    shortest = shortest * np.where(times_kernels(job, systems.devices, crops=work.crops), shorter, 1.0)
    passes = 1.0 + share.backward_fraction * NETWORKS.value("backward_launches_per_forward") + share.recompute_fraction
    boards = systems.devices.where(kind="cpu", segment="edge")
    slower = np.where(boards, NETWORKS.value("board_core_slowness"), 1.0)
    return host_s * slower, shortest * passes * slower


def feeding_s(job: Job, devices: Devices, *, work: NetworkWork) -> FloatArray:
    """Time to hand the pictures of a batch to a session, from memory of the host that is not pinned. [s]

    Loops of other frameworks find their pictures on the device, or fetch the next ones meanwhile.
    """
    if job.framework not in FED_BY_THE_HOST or job.training:
        return np.zeros(len(devices))
    handed_bytes = work.pixels * COLOURS * FULL_BYTES * job.micro_batch_size
    return np.where(devices.where(kind="cpu"), 0.0, handed_bytes / NETWORKS.value("fed_bytes_per_s"))


def backward_launches(devices: Devices) -> FloatArray:
    """Launches of the backward pass and the update of all weights, against those of a forward pass. [-]

    Programs that updated one tensor after another have learnt to update all in a few launches; those that run on a card
    are about as old as it is.
    """
    year = np.where(np.isnan(devices.launch_year), REFERENCE_YEAR, devices.launch_year)
    age = np.maximum(year - REFERENCE_YEAR, 0)
    least = NETWORKS.value("backward_launches_at_least")
    most = NETWORKS.value("backward_launches_per_forward")
    kept = (1.0 - NETWORKS.value("backward_launches_saved_per_year")) ** age
    return np.asarray(least + (most - least) * kept, dtype=np.float64)


def depthwise_s(job: Job, systems: Systems, *, work: NetworkWork, share: TrainingShare, rate: MathRate) -> FloatArray:
    """Time of depthwise layers on the vector units beyond their traffic, where memory is fast for the units. [s]"""
    groups = families(systems.devices)
    wide = np.where(rate.bytes_per_element < FULL_BYTES, 1.0, NETWORKS.value("depthwise_backward_in_fp32"))
    passes = 1.0 + share.backward_fraction * NETWORKS.value("depthwise_backward_per_forward") * wide
    outputs = (work.activations or 0.0) * job.micro_batch_size * work.depthwise_share
    operations = outputs * passes * NETWORKS.column("depthwise_flops_per_activation", groups)
    return np.nan_to_num(operations / systems.devices.peak_flops_per_s("fp32"), nan=0.0)


def host_speed(devices: Devices) -> FloatArray:
    """Speed of one core of the host, against hosts of the reference year: hosts are about as old as their cards. [-]"""
    return devices.core_speed(growth_per_year=NETWORKS.value("core_speed_per_year"), since=REFERENCE_YEAR)


def program_speed(devices: Devices) -> FloatArray:
    """Speed of programs that launch kernels one by one: those that run on a card are about as old as it is. [-]

    Cards older than the reference year were mostly timed with programs of later years.
    """
    grown = devices.core_speed(growth_per_year=NETWORKS.value("program_speed_per_year"), since=REFERENCE_YEAR)
    return np.maximum(grown, 1.0)


def fuses_convolutions(job: Job, devices: Devices, *, work: NetworkWork) -> BoolArray:
    """Whether a tuned kernel holds a convolution and all up to the next; transformers norm between their products.

    So do networks of dense pointwise layers (ConvNeXt), over the channels of every place.
    """
    return tunes_kernels(job, devices) & (not (work.transformer or work.dense_pointwise))


def work_s(*, fused: BoolArray, math: FloatArray, moved: FloatArray) -> FloatArray:
    """Products and traffic of one pass: one after another, or at once where tuned kernels fuse layers. [s]

    >>> work_s(fused=np.array([False, True]), math=np.array([1.0, 1.0]), moved=np.array([1.0, 1.0])).round(2)
    array([2.  , 1.19])
    """
    at_once = (math**OVERLAP_POWER + moved**OVERLAP_POWER) ** (1 / OVERLAP_POWER)
    return np.where(fused, at_once, math + moved)


def alternating_passes(job: Job, work: NetworkWork) -> float:
    """Passes of a training step over those of one network: a generator and its critic are trained in turn. [-]"""
    if work.styles is not None:
        return work.styles.passes
    alternates = isinstance(job.model, NetworkSpec) and job.model.architecture == "gan" and job.training
    return NETWORKS.value("passes_of_two_networks") if alternates else 1.0


def volume_share(job: Job, systems: Systems, *, work: NetworkWork) -> Floats:
    """What convolutions of volumes, or of clips of frames, reach against those of pictures. [-]"""
    clips = job.frames > 1 and not work.transformer
    if job.depth is None and not clips:
        return 1.0
    tuned = job.framework in CHOOSES_LAYOUT | AUTOTUNED or job.channels_last or job.compiled
    share = NETWORKS.value("volume_convolution_efficiency")
    return share if tuned else share * NETWORKS.column("volume_convolution_as_given", families(systems.devices))


def selection_s(job: Job, systems: Systems, *, work: NetworkWork) -> FloatArray:
    """Choosing the boxes of a batch, which waits for the network and is launched bit by bit; 0 in runtimes. [s]

    Sessions sort the boxes of every class within the graph, many of whose operations only a processor has: as many as
    there are anchors, which go with the pixels.
    """
    if captured(job) or execution_mode(job) == "runtime":
        return np.zeros(len(systems))
    kind = "matching_s_per_picture" if job.training else "selection_s_per_picture"
    each = NETWORKS.value(kind) if work.selects else 0.0
    if work.finds_boxes and job.framework in FED_BY_THE_HOST and not job.training:
        each += NETWORKS.value("session_selection_s_per_pixel") * work.pixels
    return each * job.micro_batch_size / host_speed(systems.devices)


def step_times(job: Job, systems: Systems, *, work: NetworkWork) -> StepTimes:
    """All parts of one micro-step on one device of each system, and their sum with overlap. [s]"""
    devices = systems.devices
    share = training_share(job)
    rate = math_rate(job, devices, work=work)
    forward = (work.forward_flops or 0.0) * job.micro_batch_size
    matrix = uses_matrix_units(rate.peak_flops_per_s, devices) | work.transformer
    slower = np.where(matrix, 1.0, NETWORKS.column("convolution_gradients_slower", families(devices)))
    passes = 1.0 + 2.0 * slower * share.backward_fraction + share.recompute_fraction
    networks = alternating_passes(job, work)
    threads = thread_share(systems)
    math_s = forward * passes * networks / (rate.flops_per_s * threads * volume_share(job, systems, work=work))
    moved_s = traffic_s(job, systems, work=work, rate=rate, share=share) * networks / np.sqrt(threads)
    host_s, floor_s = (part * networks for part in launch_times_s(job, systems, work=work, share=share))
    math_s = math_s * work.beyond_counts + depthwise_s(job, systems, work=work, share=share, rate=rate)
    device_s = work_s(fused=fuses_convolutions(job, devices, work=work), math=math_s, moved=moved_s) + floor_s
    pass_s = (device_s**OVERLAP_POWER + host_s**OVERLAP_POWER) ** (1 / OVERLAP_POWER)
    update_s = _optimizer_s(job, systems, work=work, share=share) / job.gradient_accumulation_steps
    exchange = exchange_s(systems, payload_bytes=_sent_bytes(job, systems, work=work, share=share))
    exchange = exchange / job.gradient_accumulation_steps
    waiting = exposed_s(exchange=exchange, step=pass_s, count=systems.count) if job.training else np.zeros_like(pass_s)
    chosen_s = selection_s(job, systems, work=work)
    total_s = pass_s + chosen_s + update_s + waiting
    return StepTimes(math_s, moved_s, host_s + floor_s + chosen_s, update_s, waiting, total_s)


def _sent_bytes(job: Job, systems: Systems, *, work: NetworkWork, share: TrainingShare) -> Floats:
    """Payload of one exchange: gradients, with gathered weights where shared; of shared tables their rows. [bytes]"""
    element = 2.0 if job.precision in {"fp16", "bf16"} else 4.0
    gradients = work.parameters * share.trainable_fraction * element
    if gathers_rows(job):
        rows = (work.activations or 0.0) * job.micro_batch_size * element
        return np.where(systems.plan.zero_stage >= SHARED_FROM_STAGE["weights"], rows, gradients)
    return exchanged_bytes(systems, gradient_bytes=gradients, weight_bytes=work.parameters * element)


def _optimizer_s(job: Job, systems: Systems, *, work: NetworkWork, share: TrainingShare) -> FloatArray:
    if not job.training:
        return np.zeros(len(systems))
    state = optimizer_bytes_per_parameter(job)
    trained = met_parameters(job, work) if job.optimizer in UPDATING_ROWS else work.parameters
    moved = trained * share.trainable_fraction * state * NETWORKS.value("optimizer_passes")
    own = np.where(systems.plan.zero_stage >= SHARED_FROM_STAGE["optimizer"], moved / systems.plan.data_parallel, moved)
    reached = NETWORKS.column("bandwidth_efficiency", families(systems.devices))
    return np.asarray(own / (reached * systems.devices.memory_bandwidth_bytes_per_s), dtype=np.float64)


def thread_share(systems: Systems) -> FloatArray:
    """Share of a CPU's cores in use; 1 for everything that is not a CPU. [-]"""
    if systems.threads.size == 0:
        return np.ones(len(systems))
    share = systems.threads / (systems.devices.compute_units * systems.count)
    limited = systems.devices.where(kind="cpu") & ~np.isnan(share)
    return np.where(limited, np.minimum(share, 1.0), 1.0)


def pace(job: Job, systems: Systems, *, work: NetworkWork) -> Pace:
    """Samples per second of a network, and what bounds it."""
    times = step_times(job, systems, work=work)
    samples = job.micro_batch_size * systems.count
    if job.training and job.samples:  # replicas beyond the samples of a data set share some
        samples = np.minimum(samples, job.samples)
    step_s, data_s = times.total_s, np.zeros(len(systems))
    reads = input_pipeline.reads_pictures(job)
    unfed_s = step_s if reads else None
    if reads:
        data_s = samples / input_pipeline.input_samples_per_s(job, systems)
        step_s = (step_s**OVERLAP_POWER + data_s**OVERLAP_POWER) ** (1 / OVERLAP_POWER)
    share = training_share(job)
    flops = (work.forward_flops or 0.0) * samples * (1.0 + 2.0 * share.backward_fraction)
    rate = math_rate(job, systems.devices, work=work)
    return Pace(
        unit="samples/s",
        step_s=step_s,
        units_per_step=samples,
        unfed_step_s=unfed_s,
        model_flops_per_step=flops,
        bound_by=times.bound_by(data=np.where(data_s >= step_s * NETWORKS.value("data_bound_share"), np.inf, 0.0)),
        communication_share=times.communication_s / step_s,
        comparable_peak=rate.peak_name,
    )

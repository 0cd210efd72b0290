"""How the kernels of a network are put together: one by one, compiled, as a graph, or by a runtime."""

import numpy as np

from app.engine.arrays import BoolArray
from app.engine.hardware import Accelerator, Devices
from app.engine.job import Job

RUNTIMES = frozenset({"tensorrt", "onnxruntime"})
"""Frameworks that build a finished network once, and fuse its layers."""
AUTOTUNED = frozenset({"tensorrt"})
"""Runtimes that time many kernels for every layer when they build, and fuse layers into them."""
UNNAMED = "other"
"""Framework of programs that the contract has no name for: OpenVINO, AITemplate and TVM compile finished networks."""
QUANTISED_WHEN_COMPILED = frozenset({"pytorch", "tensorflow"})
"""Frameworks whose compilers hand an 8-bit network to a library that runs it so (oneDNN)."""
CAPTURING = frozenset({"eager", "graph"})
"""Modes whose steps a tuned recipe captures as graphs of kernels; the others are built so already."""
CLASSIFYING = "vision_train"
"""Class of work in which channels last says nothing of fused layers."""
CHOOSES_LAYOUT = frozenset({"mxnet"})
"""Frameworks whose tuned recipes choose the layout of tensors themselves."""
FUSES_NORMALISATION = frozenset({"tensorflow"})
"""Frameworks whose compiled graphs time convolutions and fuse normalisation, sum and activation, channels last."""
FUSED_ATTENTION_SINCE = (7, 5)
"""Compute capability from which kernels fuse attention: https://github.com/Dao-AILab/flash-attention, README."""
GRAPHS = frozenset({"tensorflow", "mxnet", UNNAMED})
"""Frameworks that run a graph of operations, not a program line by line."""


def compiled_ahead(job: Job) -> bool:
    """Whether a finished network was compiled by a program with no name of its own here, or one that quantises it."""
    quantised = job.precision == "int8" and job.framework in QUANTISED_WHEN_COMPILED
    return (job.framework == UNNAMED or quantised) and job.compiled and not job.training


def tunes_kernels(job: Job, devices: Devices) -> BoolArray:
    """Whether kernels are timed for every layer when a network is built; compilers for CPUs block tensors instead."""
    return (job.framework in AUTOTUNED) | (compiled_ahead(job) & ~devices.where(kind="cpu"))


def execution_mode(job: Job) -> str:
    """How kernels are put together: one by one (eager), compiled, as a graph, or by a runtime that fuses layers."""
    if job.framework in RUNTIMES or compiled_ahead(job):
        return "runtime"
    if job.framework in GRAPHS:
        return "graph"
    return "compiled" if job.compiled or job.framework == "jax" else "eager"


def captured(job: Job) -> bool:
    """Whether a run is tuned as large ones are: fused layers, and steps captured as graphs of kernels.

    Mixed precision and channels last stated together mark the recipes of MLPerf and of cluster runs, in which nobody
    pays for kernels launched one by one; on one device they are as fast as on each of many. Classifiers are trained so
    in MXNet and, where they are compiled, in TensorFlow.

    References
    ----------
    .. [1] https://github.com/tensorflow/tensorflow (core/grappler/optimizers/remapper.cc): batch normalisation, sum and
       activation become one operation in training, in 16 bits and channels last alone.
    """
    dense_output = job.channels_last and job.work_class != CLASSIFYING
    compiled = job.framework in FUSES_NORMALISATION and job.compiled and job.channels_last
    chosen = job.framework in CHOOSES_LAYOUT or compiled
    tuned = job.training and job.precision == "amp" and execution_mode(job) in CAPTURING
    return tuned and (chosen or dense_output)


def times_kernels(job: Job, devices: Devices, *, crops: bool) -> BoolArray:
    """Whether the fastest kernel was chosen for every layer: in runtimes, and in captured steps.

    Crops of regions differ in number from step to step, so that what follows them is neither timed nor captured.
    """
    chosen = devices.where(kind="gpu", vendor="NVIDIA") & (captured(job) and not crops)
    return np.asarray(tunes_kernels(job, devices) | chosen, dtype=np.bool_)


def precedes_fused_attention(device: Accelerator) -> bool:
    """Whether a card is older than the kernels that fuse attention.

    >>> from app.engine.hardware import PeakRates
    >>> volta = Accelerator(
    ...     slug="v100", name="V100", vendor="NVIDIA", kind="gpu", segment="datacenter", architecture="Volta",
    ...     peak=PeakRates(), memory_bytes=32e9, usable_memory_bytes=31e9, memory_bandwidth_bytes_per_s=9e11,
    ...     compute_capability="7.0",
    ... )
    >>> precedes_fused_attention(volta)
    True
    """
    capability = device.compute_capability
    return bool(capability) and tuple(int(part) for part in str(capability).split(".")) < FUSED_ATTENTION_SINCE


def writes_scores(job: Job, devices: Devices) -> BoolArray:
    """Whether attention writes its scores: where that is said, and on cards older than the kernels that fuse it."""
    older = np.array(devices.each(precedes_fused_attention), dtype=np.bool_)
    unsaid = job.workload.attention is None and job.attention == "flash"
    return older if unsaid else np.full(len(devices), job.attention == "eager")

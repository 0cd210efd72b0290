"""Which software runs on which kind of device: a job is not judged on hardware that its program does not know."""

import numpy as np

from app.engine.arrays import BoolArray
from app.engine.hardware import Accelerator, Devices
from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec, NetworkSpec

CUDA_ONLY_FAMILIES = frozenset({"3dgs"})
"""https://github.com/graphdeco-inria/gaussian-splatting and https://docs.gsplat.studio"""
NVIDIA_ONLY = frozenset({"tensorrt-llm", "tensorrt"})
USUAL_KINDS = frozenset({"gpu", "cpu", "apple_soc"})
"""Back ends of llama.cpp are CUDA, HIP, Metal, SYCL, Vulkan and processors: https://github.com/ggml-org/llama.cpp. The
libraries for tables have some for graphics cards and none for TPUs and the like (https://xgboost.readthedocs.io)."""


def needs_cuda(job: Job) -> bool:
    """Whether the programs for this model are written for CUDA alone: those for Gaussian splatting."""
    return isinstance(job.model, NetworkSpec) and job.model.family.lower() in CUDA_ONLY_FAMILIES


def has_back_end(job: Job, device: Accelerator) -> bool:
    """Whether the framework of a job has a back end for a device."""
    if needs_cuda(job):
        return device.kind == "gpu" and device.vendor == "NVIDIA"
    if _of_usual_kinds(job):
        return device.kind in USUAL_KINDS
    if job.framework in NVIDIA_ONLY:
        return device.kind == "gpu" and device.vendor == "NVIDIA"
    return True


def _of_usual_kinds(job: Job) -> bool:
    return job.framework == "llama.cpp" or isinstance(job.model, AlgorithmSpec)


def back_end_on_each(job: Job, devices: Devices) -> BoolArray:
    """The same as a column; asked once per different device."""
    if not _of_usual_kinds(job) and job.framework not in NVIDIA_ONLY and not needs_cuda(job):
        return np.ones(len(devices), dtype=np.bool_)
    known = {id(device): has_back_end(job, device) for device in devices.accelerators}
    return np.array([known[id(device)] for device in devices.accelerators], dtype=np.bool_)


def software_gap(job: Job, device: Accelerator) -> str | None:
    """Why a job is not judged on a device, and what to use there; None where it runs."""
    if has_back_end(job, device):
        return None
    if needs_cuda(job):
        return f"The programs for Gaussian splatting are written for CUDA and do not run on {device.name}."
    if isinstance(job.model, AlgorithmSpec):
        return f"Libraries for tables have no back end for {device.name}: an ordinary processor does this."
    if job.framework == "llama.cpp":
        return f"llama.cpp has no back end for {device.name}: use vLLM or JAX there, with bf16, fp8 or int8 weights."
    return f"TensorRT runs on NVIDIA GPUs only, not on {device.name}: use vLLM or ONNX Runtime there."

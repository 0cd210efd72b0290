"""Which software runs on which kind of device: a job is not judged on hardware that its program does not know."""

import numpy as np

from app.engine.arrays import BoolArray
from app.engine.hardware import Accelerator, Devices
from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec, NetworkSpec

CUDA_ONLY_FAMILIES = frozenset({"3dgs"})
"""https://github.com/graphdeco-inria/gaussian-splatting and https://docs.gsplat.studio"""
CUDA_ONLY_FRAMEWORKS = frozenset({"tensorrt-llm", "tensorrt"})
USUAL_KINDS = frozenset({"gpu", "cpu", "apple_soc"})
"""Back ends of llama.cpp are CUDA, HIP, Metal, SYCL, Vulkan and processors: https://github.com/ggml-org/llama.cpp. The
libraries for tables have some for graphics cards and none for TPUs and the like (https://xgboost.readthedocs.io)."""


def splats(job: Job) -> bool:
    """Whether a job works on scenes of Gaussians, whose programs are written for CUDA alone."""
    return isinstance(job.model, NetworkSpec) and job.model.family.lower() in CUDA_ONLY_FAMILIES


def has_back_end(job: Job, device: Accelerator) -> bool:
    """Whether the framework of a job has a back end for a device."""
    if _needs_cuda(job):
        return device.kind == "gpu" and device.vendor == "NVIDIA"
    return device.kind in USUAL_KINDS or not _needs_usual_kind(job)


def _needs_cuda(job: Job) -> bool:
    return splats(job) or (job.framework in CUDA_ONLY_FRAMEWORKS and not isinstance(job.model, AlgorithmSpec))


def _needs_usual_kind(job: Job) -> bool:
    return job.framework == "llama.cpp" or isinstance(job.model, AlgorithmSpec)


def back_end_on_each(job: Job, devices: Devices) -> BoolArray:
    """The same as a column; asked once per different device."""
    if not _needs_cuda(job) and not _needs_usual_kind(job):
        return np.ones(len(devices), dtype=np.bool_)
    known = {id(device): has_back_end(job, device) for device in devices.accelerators}
    return np.array([known[id(device)] for device in devices.accelerators], dtype=np.bool_)


def software_gap(job: Job, device: Accelerator) -> str | None:
    """Why a job is not judged on a device, and what to use there; None where it runs."""
    if has_back_end(job, device):
        return None
    if splats(job):
        return f"The programs for Gaussian splatting are written for CUDA and do not run on {device.name}."
    if isinstance(job.model, AlgorithmSpec):
        return f"Libraries for tables have no back end for {device.name}: an ordinary processor does this."
    if job.framework == "llama.cpp":
        return f"llama.cpp has no back end for {device.name}: use vLLM or JAX there, with bf16, fp8 or int8 weights."
    return f"TensorRT runs on NVIDIA GPUs only, not on {device.name}: use vLLM or ONNX Runtime there."

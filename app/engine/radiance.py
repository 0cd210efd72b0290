"""Scenes from photographs: 3D Gaussian splatting and NeRF, whose work is counted by pixels, Gaussians and rays."""

import numpy as np

from app.engine.arrays import FloatArray
from app.engine.coefficients_networks import NETWORKS
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.model_spec import NetworkSpec
from app.engine.result import Footprint, MemoryPart, Pace, Physics
from app.engine.units import COLOURS, FLOPS_PER_MAC, FULL_BYTES

SPLATTING, FIELDS = "3dgs", "nerf"
NUMBERS_PER_GAUSSIAN = 59.0
"""Position 3, scale 3, rotation 4, opacity 1 and 48 coefficients of colour (B. Kerbl et al., arXiv:2308.04079)."""
STATES = 4.0
"""Weights, gradients and two moments of Adam."""
TRAINING_PASSES = 3.0
NETWORKS_OF_A_FIELD = 2.0
COUNTED = "The speed rests on a scene of usual size; the number of Gaussians and the pictures decide."
NERF = "The speed is that of the first NeRF, {rays:,.0f} rays a step; later ones are tens of times faster."


def renders_scenes(spec: NetworkSpec) -> bool:
    """Whether a network is a scene whose work is counted here; hash grids are not."""
    return spec.family.lower() == SPLATTING or spec.name.lower() == FIELDS


def physics(job: Job, systems: Systems) -> Physics:
    """Memory and training pace of one scene on one device. [bytes, steps/s]"""
    spec = job.model
    assert isinstance(spec, NetworkSpec)
    if spec.family.lower() == SPLATTING:
        return _splatting(job, spec, systems)
    return _field(job, spec, systems)


def pixels_of(job: Job) -> float:
    """Pixels of one photograph: as asked, else as in the usual scenes. [-]"""
    if job.image_size is None:
        return NETWORKS.value("scene_pixels")
    return float(job.image_size[0] * job.image_size[1])


def splatting_step_s(
    *, gaussians: float, pixels: float, bandwidth_bytes_per_s: FloatArray, cycles_per_s: FloatArray
) -> FloatArray:
    """Time of one step: all numbers of every Gaussian through memory, and every pixel blended both ways. [s]

    Examples
    --------
    About 80 ms on an RTX A6000 for the scenes of the paper, 41.5 minutes in 30,000 steps:

    >>> step = splatting_step_s(gaussians=3e6, pixels=1.3e6, bandwidth_bytes_per_s=np.array([768e9]),
    ...                         cycles_per_s=np.array([84 * 1.8e9]))
    >>> bool(0.065 < step[0] < 0.1)
    True

    References
    ----------
    .. [1] B. Kerbl et al., "3D Gaussian Splatting," 2023, arXiv:2308.04079, table 1.
    """
    held = gaussians * NETWORKS.value("gaussians_share_over_training")
    moved = held * NUMBERS_PER_GAUSSIAN * FULL_BYTES * 2 * STATES
    return moved / bandwidth_bytes_per_s + pixels * NETWORKS.value("blending_cycles_per_pixel") / cycles_per_s


def _splatting(job: Job, spec: NetworkSpec, systems: Systems) -> Physics:
    devices, ones = systems.devices, np.ones(len(systems))
    gaussians, pixels = spec.parameters / NUMBERS_PER_GAUSSIAN, pixels_of(job)
    data = job.workload.dataset
    pictures = data.samples if data is not None and data.samples else NETWORKS.value("scene_pictures")
    one = gaussians * NUMBERS_PER_GAUSSIAN * FULL_BYTES
    held = STATES if job.training else 1.0
    parts = [
        MemoryPart("weights", one * ones, f"{gaussians:.3g} Gaussians × 59 numbers × 4 bytes"),
        MemoryPart("optimizer", (held - 1) * one * ones, "gradients and two moments of every number"),
        MemoryPart(
            "workspace", (held if job.training else 0.0) * one * ones, "all of it again while Gaussians are split"
        ),
        MemoryPart(
            "activations",
            (pictures if job.training else 1.0) * pixels * COLOURS * FULL_BYTES * ones,
            f"{pictures:.0f} photographs × {pixels:.0f} pixels × 3 × 4 bytes",
        ),
        MemoryPart("context", NETWORKS.column("context_bytes", families(devices)), "program and libraries"),
    ]
    footprint = Footprint(tuple(part for part in parts if np.any(part.bytes > 0)))
    cycles = devices.compute_units * devices.boost_hz
    step = splatting_step_s(
        gaussians=gaussians,
        pixels=pixels,
        bandwidth_bytes_per_s=devices.memory_bandwidth_bytes_per_s,
        cycles_per_s=cycles,
    )
    step = step if job.training else step / TRAINING_PASSES
    pace = _pace(job, step, steps=NETWORKS.value("splatting_steps"), bound="compute")
    return Physics(footprint, pace, (COUNTED,), {"inferred_counts": 1.0})


def _field(job: Job, spec: NetworkSpec, systems: Systems) -> Physics:
    devices, ones = systems.devices, np.ones(len(systems))
    rays = float(job.workload.batch_size or NETWORKS.value("nerf_rays_per_step"))
    looked_at = rays * NETWORKS.value("nerf_samples_per_ray")
    macs = spec.parameters / NETWORKS_OF_A_FIELD  # every sample goes through one of the two networks
    passes = TRAINING_PASSES if job.training else 1.0
    flops = passes * FLOPS_PER_MAC * macs * looked_at
    rate = devices.peak_flops_per_s("fp32") * NETWORKS.value("nerf_math_fraction")
    widths = NETWORKS.value("nerf_saved_numbers_per_sample") if job.training else NETWORKS.value("nerf_width")
    parts = (
        MemoryPart("weights", STATES * spec.parameters * FULL_BYTES * ones, "two networks with their optimizer state"),
        MemoryPart(
            "activations", looked_at * widths * FULL_BYTES * ones, f"{looked_at:.3g} samples × {widths:g} × 4 bytes"
        ),
        MemoryPart("context", NETWORKS.column("context_bytes", families(devices)), "program and libraries"),
    )
    pace = _pace(job, flops / rate, steps=NETWORKS.value("nerf_steps"), bound="compute", flops=flops)
    return Physics(Footprint(parts), pace, (NERF.format(rays=rays),), {"inferred_counts": 1.0})


def _pace(job: Job, step_s: FloatArray, *, steps: float, bound: str, flops: float = np.nan) -> Pace:
    """One device works on a scene; more of them work on more scenes."""
    ones = np.ones_like(step_s)
    return Pace(
        unit="samples/s",
        step_s=step_s,
        units_per_step=ones,
        model_flops_per_step=flops * ones,
        bound_by=tuple([bound] * len(step_s)),
        run_units=(job.steps or steps) * ones,
        comparable_peak="fp32",
    )

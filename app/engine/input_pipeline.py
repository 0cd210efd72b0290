"""Reading and decoding the data: how many samples per second the host can hand over, and when that is the limit."""

from app.engine.arrays import FloatArray
from app.engine.coefficients_networks import NETWORKS
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.job import Job

PICTURE_DOMAINS = frozenset({"vision", "detection", "segmentation"})
DECODES_ON_DEVICE = frozenset({"mxnet", "tensorrt", "jax"})
"""Frameworks whose published runs read through DALI or pre-processed records, which decode faster than they train."""


def decoded_per_s(*, cpu_cores: FloatArray, samples_per_core_per_s: float) -> FloatArray:
    """Pictures that a host decodes and augments. [samples/s]

    Examples
    --------
    >>> import numpy as np
    >>> decoded_per_s(cpu_cores=np.array([8.0]), samples_per_core_per_s=150.0)
    array([1200.])
    """
    return cpu_cores * samples_per_core_per_s


def reads_files(job: Job) -> bool:
    """Whether a whole training run on pictures is asked about: the data is named, so it has to be read and decoded."""
    pictures = job.workload.domain in PICTURE_DOMAINS
    return job.training and pictures and job.samples is not None and job.framework not in DECODES_ON_DEVICE


def input_samples_per_s(systems: Systems) -> FloatArray:
    """What the hosts of each system deliver, with a usual number of CPU cores beside each device. [samples/s]"""
    cores = NETWORKS.column("host_cores_per_device", families(systems.devices))
    return decoded_per_s(
        cpu_cores=cores * systems.count, samples_per_core_per_s=NETWORKS.value("decoded_pictures_per_core_per_s")
    )

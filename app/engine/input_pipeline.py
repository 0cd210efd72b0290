"""Reading and decoding the data: how many samples per second the host can hand over, and when that is the limit."""

import numpy as np

from app.engine.arrays import FloatArray
from app.engine.coefficients_networks import NETWORKS
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.job import Job

PICTURE_CLASSES = frozenset({"vision", "detection", "segmentation"})
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


def reads_pictures(job: Job) -> bool:
    """Whether training on pictures through a loader of the framework is asked about."""
    return (
        job.training
        and job.work_class.removesuffix("_train") in PICTURE_CLASSES
        and job.framework not in DECODES_ON_DEVICE
    )


def input_samples_per_s(job: Job, systems: Systems) -> FloatArray:
    """What the hosts of each system deliver. [samples/s]

    A whole run over named data reads and decodes files with the usual number of CPU cores beside each device. A rate
    alone is asked about benchmarks, whose input is prepared and bound by what one training process can hand over.
    """
    prepared = NETWORKS.value("prepared_pictures_per_device_per_s") * systems.count
    if job.samples is None:
        return prepared
    cores = NETWORKS.column("host_cores_per_device", families(systems.devices))
    decoded = decoded_per_s(
        cpu_cores=cores * systems.count, samples_per_core_per_s=NETWORKS.value("decoded_pictures_per_core_per_s")
    )
    return np.minimum(decoded, prepared)

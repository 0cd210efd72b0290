"""Reading and decoding the data: how many samples per second the host can hand over, and when that is the limit."""

from dataclasses import dataclass

import numpy as np

from app.engine.arrays import BoolArray, FloatArray
from app.engine.coefficients_networks import NETWORKS
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.network_copies import takes_squares
from app.engine.network_mode import captured

PICTURE_CLASSES = frozenset({"vision", "detection", "segmentation"})
DECODES_ON_DEVICE = frozenset({"mxnet", "tensorrt", "jax"})
"""Frameworks whose published runs read through DALI or pre-processed records, which decode faster than they train."""

BOXES_AND_MASKS = frozenset({"detection", "segmentation"})
"""Work whose pictures are joined and warped on the processor before every step."""


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


def joins_pictures(job: Job) -> bool:
    """Whether each picture of a step is joined of several files, or cut from an enlarged one, by a loader in Python.

    So train programs that find boxes and masks on squares (mosaics: A. Bochkovskiy et al., YOLOv4, arXiv:2004.10934).
    Those tuned as large runs are read on the device; those that take pictures as they come resize and mirror one, and
    nobody puts four pictures into a square of 300 pixels.
    """
    dense = job.work_class.removesuffix("_train") in BOXES_AND_MASKS
    large = seen_pixels(job) >= NETWORKS.value("joined_pixels_at_least")
    return dense and large and job.framework == "pytorch" and takes_squares(job.image_size or ()) and not captured(job)


@dataclass(frozen=True, slots=True)
class InputRate:
    """What the hosts of each system hand over when they read and decode files. Columns."""

    samples_per_s: FloatArray
    cpu_cores: FloatArray
    disk_bound: BoolArray
    """Whether the disk is slower than decoding."""


def seen_pixels(job: Job) -> float:
    """Pixels of one picture that the training looks at; 0 where nobody says. [-]"""
    return float(job.image_size[0] * job.image_size[1]) if job.image_size else 0.0


def kept_as_arrays(job: Job) -> bool:
    """Whether pictures are so small that data sets keep them as arrays in memory, as CIFAR and MNIST do."""
    return 0.0 < seen_pixels(job) <= NETWORKS.value("array_pixels_at_most")


def stored_pixels(job: Job) -> float:
    """Pixels of one stored picture: those of ImageNet, or as many as the training looks at. [-]"""
    return seen_pixels(job) if kept_as_arrays(job) else max(seen_pixels(job), NETWORKS.value("stored_pixels"))


def ease(job: Job, *, pixels: float) -> float:
    """How much less a small picture costs than one of so many pixels; each costs its handling, however small. [-]

    >>> from app.engine.coefficients_networks import NETWORKS
    >>> handling = NETWORKS.value("handling_pixels")
    >>> round((187_500 + handling) / (32 * 32 + handling))
    63
    """
    if not kept_as_arrays(job):
        return 1.0
    handling = NETWORKS.value("handling_pixels")
    return (pixels + handling) / (seen_pixels(job) + handling)


def stored_bytes(job: Job) -> float:
    """Bytes of one stored picture: those of the data set where it is known, else of a JPEG of that size. [bytes]"""
    if job.data_bytes and job.samples:
        return job.data_bytes / job.samples
    return stored_pixels(job) * NETWORKS.value("jpeg_bytes_per_pixel")


def input_rate(job: Job, systems: Systems) -> InputRate | None:
    """Reading and decoding with the usual host beside the devices; None where no pictures are read. [samples/s]

    Some accelerators decode pictures in units of their own, which their loaders use unasked.
    """
    if not reads_pictures(job):
        return None
    cores = NETWORKS.column("host_cores_per_device", families(systems.devices)) * systems.count
    whole = NETWORKS.value("stored_pixels")
    per_core = NETWORKS.value("decoded_pictures_per_core_per_s")
    per_core *= ease(job, pixels=whole) if kept_as_arrays(job) else whole / stored_pixels(job)
    if joins_pictures(job):
        per_core /= NETWORKS.value("files_of_one_joined_picture")
        cores = np.minimum(cores, NETWORKS.value("loader_processes_per_device") * systems.count)
    engines = NETWORKS.column("decoded_pictures_per_device_per_s", families(systems.devices)) * systems.count
    decoded = decoded_per_s(cpu_cores=cores, samples_per_core_per_s=per_core) + engines
    read = NETWORKS.value("disk_bytes_per_s") * systems.nodes / stored_bytes(job)
    cached = NETWORKS.column("host_memory_bytes_per_device", families(systems.devices)) * systems.count
    read = np.where(stored_bytes(job) * (job.samples or 0.0) <= cached, np.inf, read)  # read once, then from memory
    return InputRate(np.minimum(decoded, read), cores, np.asarray(read < decoded, dtype=np.bool_))


def input_samples_per_s(job: Job, systems: Systems) -> FloatArray:
    """What the hosts of each system deliver. [samples/s]

    A whole run over named data reads and decodes files with the usual number of CPU cores beside each device. A rate
    alone is asked about benchmarks, whose input is prepared and bound by what one training process can hand over.
    """
    each = NETWORKS.value("prepared_pictures_per_device_per_s") * ease(job, pixels=NETWORKS.value("prepared_pixels"))
    prepared = each * systems.count
    if job.samples is None:
        return prepared
    files = input_rate(job, systems)
    return prepared if files is None else np.minimum(files.samples_per_s, prepared)

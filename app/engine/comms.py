"""Communication between devices: volumes of the collectives, and the bandwidth a group of devices sees."""

import numpy as np

from app.engine.arrays import FloatArray, Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.hardware import Systems
from app.engine.hardware_family import families

DIRECTIONS = 2.0
"""Data sheets print NVLink, xGMI and ICI bandwidth of both directions together."""


def all_reduce_bytes(payload_bytes: Floats, devices: Floats) -> Floats:
    """Bytes each device sends in a ring all-reduce, ``2·(n−1)/n·G``. [bytes]

    >>> float(all_reduce_bytes(1.0, 8))
    1.75

    References
    ----------
    .. [1] P. Patarasuk and X. Yuan, "Bandwidth Optimal All-reduce Algorithms," 2009, doi:10.1016/j.jpdc.2008.09.002.
    """
    return 2 * all_gather_bytes(payload_bytes, devices)


def all_gather_bytes(payload_bytes: Floats, devices: Floats) -> Floats:
    """Bytes each device sends in an all-gather, a reduce-scatter or an all-to-all, ``(n−1)/n·G``. [bytes]

    >>> float(all_gather_bytes(8.0, 8))
    7.0
    """
    return (devices - 1) / devices * payload_bytes


def gradient_sync_bytes(
    *, parameter_bytes: Floats, devices: Floats, sharded: Floats, recompute: bool = False
) -> Floats:
    """Bytes each device sends per step for data parallelism: an all-reduce, or gathers and a scatter. [bytes]

    Full sharding gathers the weights forward and backward and scatters the gradients: three times ``(n−1)/n·G``; the
    backward gather of a recomputed layer is the one that the backward pass needs anyway.

    References
    ----------
    .. [1] S. Rajbhandari et al., "ZeRO," 2020, arXiv:1910.02054, section 7.
    """
    passes = 3.0 if recompute or np.any(sharded) else 2.0
    return np.where(np.asarray(sharded) > 0, passes, 2.0) * all_gather_bytes(parameter_bytes, devices)


def tensor_parallel_bytes(
    *, tokens: Floats, hidden_size: int, num_hidden_layers: int, element_bytes: float, passes: Floats
) -> Floats:
    """Payload of tensor parallelism: two all-reduces per layer and pass (forward 1, training 2, recompute 3). [bytes]

    References
    ----------
    .. [1] M. Shoeybi et al., "Megatron-LM," 2019, arXiv:1909.08053, section 3.
    """
    return 2 * passes * num_hidden_layers * tokens * hidden_size * element_bytes


def devices_per_node(systems: Systems) -> FloatArray:
    """Devices in one machine, or in one rack whose machines share a switch of direct links. [-]"""
    machine = np.maximum(np.ceil(systems.count / systems.nodes), 1)
    return np.maximum(machine, np.minimum(systems.devices.rack, systems.count))


def local_bytes_per_s(systems: Systems) -> FloatArray:
    """Bus bandwidth of collectives inside a machine, one direction: direct links, else PCIe. [bytes/s]"""
    groups = families(systems.devices)
    linked = systems.devices.linked
    link = systems.devices.interconnect_bytes_per_s / DIRECTIONS * TRANSFORMERS.column("link_fraction", groups)
    through_host = TRANSFORMERS.column("pcie_fraction", groups)
    directly = np.maximum(through_host, TRANSFORMERS.value("pcie_fraction_direct"))
    fraction = np.where(systems.devices.where(segment=("datacenter", "workstation")), directly, through_host)
    pcie = systems.devices.pcie_bytes_per_s * fraction
    pcie = np.where(np.isnan(pcie), TRANSFORMERS.value("pcie_unknown_bytes_per_s"), pcie)
    return np.where(linked & ~np.isnan(link), link, pcie)


def network_bytes_per_s(systems: Systems) -> FloatArray:
    """What one device sends to one of another machine: InfiniBand or Ethernet, or the links of a pod. [bytes/s]"""
    groups = families(systems.devices)
    network = TRANSFORMERS.column("network_bytes_per_s", groups) * TRANSFORMERS.column("link_fraction", groups)
    local = local_bytes_per_s(systems)
    alone = (systems.nodes == 1) | systems.devices.switched | (systems.count <= systems.devices.rack)
    return np.where(alone, local, np.minimum(local, network))


def bus_bytes_per_s(
    systems: Systems, *, group: FloatArray | None = None, together: FloatArray | None = None
) -> FloatArray:
    """Bus bandwidth of a group of devices: inside one machine its links, beyond it the machines' networks. [bytes/s]

    ``together`` of its members stand in one machine and use all their ways out of it; by default the whole machine.
    """
    size = systems.count if group is None else group
    inside = devices_per_node(systems)
    local = local_bytes_per_s(systems)
    crosses = (size > inside) & ~systems.devices.switched
    ways = inside if together is None else together
    return np.where(crosses, np.minimum(local, network_bytes_per_s(systems) * ways), local)


def latency_s(systems: Systems, *, group: FloatArray) -> FloatArray:
    """Fixed time of one small collective in a group: longest where it goes from machine to machine. [s]"""
    one = np.where(
        systems.devices.linked,
        TRANSFORMERS.value("collective_latency_link_s"),
        TRANSFORMERS.value("collective_latency_pcie_s"),
    )
    crosses = (group > devices_per_node(systems)) & ~systems.devices.switched
    one = np.where(crosses, TRANSFORMERS.value("collective_latency_network_s"), one)
    return np.where(group > 1, one, 0.0)

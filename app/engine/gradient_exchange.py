"""Data-parallel training: summing gradients over replicas, and how much of that the backward pass hides."""

import numpy as np

from app.engine.arrays import FloatArray, Floats
from app.engine.coefficients_networks import NETWORKS
from app.engine.comms import all_reduce_bytes
from app.engine.hardware import Systems
from app.engine.hardware_family import families


def link_bytes_per_s(systems: Systems) -> FloatArray:
    """What one device can send: over its links, else PCIe, else the network between machines. [bytes/s]"""
    devices = systems.devices
    own = devices.interconnect_bytes_per_s / 2 * NETWORKS.value("link_efficiency")
    pcie = devices.pcie_bytes_per_s * NETWORKS.value("pcie_shared_efficiency")
    usual = NETWORKS.value("unknown_link_bytes_per_s")
    inside = np.where(np.isnan(own), np.where(np.isnan(pcie), usual, pcie), own)
    clustered = devices.where(segment="datacenter")
    fast = NETWORKS.column("cluster_network_bytes_per_s", families(devices))
    network = np.where(clustered, fast, NETWORKS.value("office_network_bytes_per_s"))
    return np.where(systems.nodes > 1, np.minimum(inside, network), inside)


def exchange_s(systems: Systems, *, payload_bytes: Floats) -> FloatArray:
    """Time to sum the gradients once, nothing hidden. [s]"""
    volume = all_reduce_bytes(payload_bytes, systems.count)
    rounds = np.log2(np.maximum(systems.count, 1.0))
    return np.where(
        systems.count > 1,
        volume / link_bytes_per_s(systems) + rounds * NETWORKS.value("exchange_latency_s"),
        0.0,
    )


def exposed_s(*, exchange: FloatArray, step: FloatArray, count: FloatArray) -> FloatArray:
    """What is left after the backward pass has hidden its part, and the waiting for the slowest replica. [s]"""
    hidden = NETWORKS.value("exchange_hidden_fraction") * step
    waiting = NETWORKS.value("waiting_per_doubling") * np.log2(np.maximum(count, 1.0)) * step
    return np.maximum(exchange - hidden, 0.0) + waiting

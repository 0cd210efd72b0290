"""Reinforcement learning: the environment steps while the network waits, then the network learns.

A few environments step on the cores of the host; thousands at a time are simulated on the device itself.
"""

import numpy as np

from app.engine import network_speed
from app.engine.arrays import FloatArray
from app.engine.coefficients_networks import NETWORKS
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.network_math import math_rate
from app.engine.network_speed import host_speed
from app.engine.network_work import NetworkWork
from app.engine.result import Pace


def environment_steps_per_s(*, cpu_cores: FloatArray, steps_per_core_per_s: float) -> FloatArray:
    """Environment steps that a host simulates when every core runs its own copies. [steps/s]

    Examples
    --------
    Eight cores with a fast physics engine at 600 steps per second and core:

    >>> environment_steps_per_s(cpu_cores=np.array([8.0]), steps_per_core_per_s=600.0)
    array([4800.])
    """
    return cpu_cores * steps_per_core_per_s


def host_cores(systems: Systems) -> FloatArray:
    """CPU cores beside the devices; of a CPU, its own cores, or the threads that may be used. [-]"""
    usual = NETWORKS.column("host_cores_per_device", families(systems.devices)) * systems.count
    own = systems.devices.compute_units * systems.count
    if systems.threads.size:
        own = np.where(np.isnan(systems.threads), own, np.minimum(systems.threads, own))
    known_cpu = systems.devices.where(kind="cpu") & ~np.isnan(own)
    return np.where(known_cpu, own, usual)


def acting_s(job: Job, systems: Systems) -> FloatArray:
    """Time in which every environment of a batch makes one step. [s]

    Simulators on a device launch the same kernels for thousands of environments as for one (V. Makoviychuk et al.,
    "Isaac Gym," arXiv:2108.10470).
    """
    per_core = NETWORKS.value(f"environment_steps_per_core_{job.workload.observations or 'vector'}")
    steps_per_s = environment_steps_per_s(cpu_cores=host_cores(systems), steps_per_core_per_s=per_core)
    on_host = job.micro_batch_size * systems.count / steps_per_s
    if job.micro_batch_size < NETWORKS.value("environments_on_device"):
        return on_host
    on_device = NETWORKS.value("simulated_step_s") / host_speed(systems.devices)
    return np.where(systems.devices.where(kind="cpu"), on_host, on_device)


def pace(job: Job, systems: Systems, *, work: NetworkWork) -> Pace:
    """Environment steps per second, learning included. [samples/s]

    One sample is one environment step. Each is learned from several times, as PPO does with its epochs over a batch.
    """
    samples = job.micro_batch_size * systems.count
    waiting_s = acting_s(job, systems)
    learning = network_speed.step_times(job, systems, work=work)
    learning_s = learning.total_s * NETWORKS.value("learning_passes_per_step")
    share = 3.0 * NETWORKS.value("learning_passes_per_step")
    acting = np.where(waiting_s > learning_s, np.inf, 0.0)
    return Pace(
        unit="samples/s",
        step_s=waiting_s + learning_s,
        units_per_step=samples,
        model_flops_per_step=(work.forward_flops or 0.0) * samples * share,
        bound_by=learning.bound_by(data=acting),
        comparable_peak=math_rate(job, systems.devices, work=work).peak_name,
    )

"""Plans as rows beside systems as columns, and the ladder of smaller systems that every system stands on."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import FloatArray
from app.engine.hardware import Devices, Plan, Systems, systems_of

PARTS = tuple(each.name for each in fields(Plan))


@dataclass(frozen=True, slots=True)
class Ladder:
    """Different systems, each with the one of half as many devices, that one's half, and so on."""

    devices: Devices
    count: FloatArray
    nodes: FloatArray
    half: NDArray[np.intp]
    """The system of half as many devices; itself where there is none."""
    levels: tuple[NDArray[np.intp], ...]
    """Systems in groups, so that the half of each stands in a group before."""
    places: NDArray[np.intp]
    """For every system that was asked about its place here."""

    def systems(self, plan: Plan) -> Systems:
        """All of them with these plans."""
        return systems_of(self.devices, count=self.count, nodes=self.nodes, plan=plan)


def ladder_of(devices: Devices, *, count: FloatArray, nodes: FloatArray) -> Ladder:
    """The ladder under these systems; what several of them stand on is there once.

    >>> import numpy as np
    >>> from app.engine.hardware import Accelerator, PeakRates
    >>> card = Accelerator("x", "X", "NVIDIA", "gpu", "datacenter", "Hopper", PeakRates(), 1.0, 1.0, 1.0)
    >>> ladder = ladder_of(Devices((card, card)), count=np.array([8.0, 2.0]), nodes=np.array([1.0, 1.0]))
    >>> ladder.count.tolist(), ladder.count[ladder.half].tolist()
    ([8.0, 4.0, 2.0, 1.0], [4.0, 2.0, 1.0, 1.0])
    """
    place: dict[tuple[int, int, int], int] = {}
    rows: list[int] = []
    half: list[int] = []
    depth: list[int] = []

    def add(row: int, number: int, machines: int) -> int:
        key = (id(devices.accelerators[row]), number, machines)
        found = place.get(key)
        if found is not None:
            return found
        own = place[key] = len(rows)
        rows.append(row)
        half.append(own)
        depth.append(0)
        if number > 1:
            per_machine = -(-number // machines)
            half[own] = add(row, number // 2, -(-(number // 2) // per_machine))
            depth[own] = depth[half[own]] + 1
        return own

    places = [add(row, int(count[row]), int(nodes[row])) for row in range(len(devices))]
    counts = np.array([key[1] for key in place], dtype=np.float64)
    machines = np.array([key[2] for key in place], dtype=np.float64)
    deep = np.array(depth)
    levels = tuple(np.flatnonzero(deep == level) for level in range(int(deep.max()) + 1))
    return Ladder(devices.take(rows), counts, machines, np.array(half, np.intp), levels, np.array(places, np.intp))


def single_steps(devices: Devices, *, count: FloatArray, nodes: FloatArray) -> Ladder:
    """A ladder of these systems alone, each by itself."""
    places = np.arange(len(devices), dtype=np.intp)
    return Ladder(devices, count, nodes, places, (places,), places)


def one_system(systems: Systems, row: int) -> Systems:
    """One row of the systems."""
    place = np.array([row])
    return Systems(
        systems.devices.take([row]),
        systems.count[place],
        systems.nodes[place],
        picked(systems.plan, place),
        systems.threads[place] if len(systems.threads) else systems.threads,
    )


def part_of(systems: Systems, *, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Systems:
    """Some of the systems with some of their candidate plans."""

    def part(values: FloatArray) -> FloatArray:
        if values.ndim < 2:
            return values[columns] if values.size > 1 else values
        chosen = values[rows] if len(values) > 1 else values
        return chosen[:, columns] if chosen.shape[1] > 1 else chosen

    plan = Plan(*(part(getattr(systems.plan, name)) for name in PARTS))
    threads = systems.threads[columns] if len(systems.threads) else systems.threads
    return Systems(systems.devices.take(columns), systems.count[columns], systems.nodes[columns], plan, threads)


def picked(plan: Plan, *places: NDArray[np.intp], shape: tuple[int, ...] | None = None) -> Plan:
    """The entries of a plan at these places; ``shape`` is what its parts are broadcast to."""
    full = plan.data_parallel.shape if shape is None else shape
    return Plan(*(np.broadcast_to(getattr(plan, name), full)[places] for name in PARTS))

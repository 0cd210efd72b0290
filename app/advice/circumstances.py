"""What remarks, first steps and the verdict may look at: one question with all that was worked out for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from app.advice.buy_or_rent import BuyOrRent
from app.advice.cloud import CloudOption
from app.advice.constraints import Constraints
from app.advice.decide import Decision
from app.advice.host import Host
from app.advice.market import Market
from app.advice.need import Need, Range, range_at
from app.advice.owned import Owned
from app.advice.picks import Pick
from app.advice.reasons import Caution, Reason, Value
from app.engine.estimate import estimate
from app.engine.hardware import Accelerator, Devices, systems_of
from app.engine.job import Job
from app.engine.units import GIB

Remarks = Iterator[Caution]


@dataclass(frozen=True)
class Circumstances:
    """One question and its answer so far."""

    job: Job
    need: Need
    decision: Decision
    constraints: Constraints
    owned: tuple[Owned, ...]
    picks: tuple[Pick, ...]
    cloud: tuple[CloudOption, ...]
    buy_or_rent: BuyOrRent | None
    host: Host
    market: Market
    devices: Devices

    @cached_property
    def by_slug(self) -> dict[str, Accelerator]:
        """The catalogue's accelerators."""
        return {a.slug: a for a in self.devices.accelerators}

    @property
    def best(self) -> Pick | None:
        """The first pick."""
        return self.picks[0] if self.picks else None

    @property
    def scenario(self) -> str:
        """Slug of the scenario."""
        return self.decision.scenario.slug

    @cached_property
    def cards(self) -> tuple[Owned, ...]:
        """Graphics cards that the person has, known or only described."""
        return tuple(
            each
            for each in self.owned
            if not each.considering
            and (
                each.device.kind in {"gpu", "apple_soc"}
                if each.device is not None
                else each.words is not None and each.words.gpu and not each.words.fpga
            )
        )

    @property
    def enough_owned(self) -> Owned | None:
        """The first thing they have that does the work as it is with current software."""
        return next((each for each in self.cards if each.fit == "fits" and each.usable), None)

    @property
    def tight_owned(self) -> Owned | None:
        """The first card of current software that just holds the work, where nothing they have holds it with ease."""
        if self.enough_owned is not None:
            return None
        known = (each for each in self.cards if each.device is not None and each.usable)
        return next((each for each in known if each.fit == "tight"), None)

    def memory_of(self, job: Job) -> Range | None:
        """Memory of a changed job on the device that the need was worked out for. [bytes]"""
        device = self.by_slug.get(self.need.memory_device or "")
        if device is None:
            return None
        return range_at(estimate(job, systems_of(Devices((device,)), count=np.ones(1))).memory_bytes, 0)

    def gib_of(self, job: Job) -> float | None:
        """Expected memory of a changed job. [GiB]"""
        memory = self.memory_of(job)
        return None if memory is None else memory.expected / GIB


def note(code: str, **values: Value) -> Caution:
    """Something good to know."""
    return Caution("note", Reason(code, values))


def warning(code: str, **values: Value) -> Caution:
    """Something that may go wrong."""
    return Caution("warning", Reason(code, values))


def problem(code: str, **values: Value) -> Caution:
    """Something that does go wrong."""
    return Caution("problem", Reason(code, values))

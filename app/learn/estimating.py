"""Estimates for learn pages: the same use case as everywhere else."""

from collections.abc import Mapping

from app import advisor
from app.catalogue.snapshot import Snapshot
from app.contract.answer import EstimateAnswer
from app.engine.workload import HardwareChoice, Workload


def estimated(catalogue: Snapshot, workload: Mapping[str, object], *, device: str, count: int = 1) -> EstimateAnswer:
    """A workload on one device of the catalogue, or on several of it."""
    asked = Workload.model_validate(workload)
    return advisor.estimate(catalogue, asked, hardware=HardwareChoice(accelerator=device, count=count))

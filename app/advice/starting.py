"""A run cannot end before the machines for it have started: more of them do not help a shorter deadline."""

from app.advice.circumstances import Circumstances, Remarks, warning
from app.advice.constraints import Constraints
from app.advice.money import money
from app.advice.need import Need
from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec
from app.engine.units import SECONDS_PER_HOUR


def start_hours() -> float:
    """How long a rented machine with several cards takes to start, at least. [h]"""
    return money("machine_start_s") / SECONDS_PER_HOUR


def with_time_to_start(constraints: Constraints, job: Job, *, need: Need) -> Constraints:
    """The limits that hardware is chosen for: a deadline that no single card keeps leaves machines time to start.

    A computer of one's own is already on, so a deadline that a processor or one desktop card keeps stays as it is; so
    does that of tables, which no second machine is started for.
    """
    deadline = constraints.deadline_hours
    if deadline is None or deadline >= start_hours() or not job.training or isinstance(job.model, AlgorithmSpec):
        return constraints
    if any(hours is not None and hours <= deadline for hours in (need.cpu_hours, need.consumer_gpu_hours)):
        return constraints
    return constraints.model_copy(update={"deadline_hours": start_hours()})


def start_remark(asked: Constraints, case: Circumstances) -> Remarks:
    """What became of a deadline that is shorter than the start of the machines it would take."""
    planned = case.constraints
    if asked.deadline_hours != planned.deadline_hours and case.enough_owned is None:
        yield warning("start_takes_longer", deadline_hours=asked.deadline_hours, start_hours=planned.deadline_hours)

"""Devices side by side, for one piece of work."""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.responses import HTMLResponse

from app import advisor
from app.catalogue.name_matches import Ambiguous, Match
from app.catalogue.names import NameIndex
from app.catalogue.snapshot import Snapshot
from app.contract.answer import EstimateAnswer
from app.contract.flat_query import PLACES, decode
from app.engine.hardware import Accelerator
from app.engine.workload import HardwareChoice, Workload
from app.http.templating import render
from app.languages import say
from app.web.dependencies import BaseUrlDep, CatalogueDep
from app.web.negotiation import page_router
from app.web.pages.compare import ComparePage, Entered, Job

router = page_router()

MOST_DEVICES = 4
UNPROCESSABLE = 422
TRAINING = frozenset({"train", "finetune", "pretrain"})
SAYS_IT_RUNS = ("memory_gib_per_device", "fit", "throughput", "step_ms", "duration_hours", "device_hours", "energy_kwh")
"""What must not be told of a device for which no training software exists."""
_JOBS = Path(__file__).with_name("compare.toml")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for."""

    names: tuple[str, ...]
    job: Job
    own_fields: tuple[tuple[str, str], ...]
    """The person's own work, as it stands in the address; empty where one of ours was chosen."""
    differences: bool

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]]) -> "Asked":
        """The question in an address; several names may stand in one field, with commas."""
        given = dict(pairs)
        names = [name.strip() for key, value in pairs if key == "ids" for name in value.split(",")]
        own = tuple((key, value) for key, value in pairs if key in PLACES and value)
        chosen = next((each for each in jobs() if each.slug == given.get("job")), None)
        if chosen is None and own:
            chosen = Job("own", say("The work you described"), own)
        return cls(
            names=tuple(dict.fromkeys(filter(None, names))),
            job=chosen or jobs()[0],
            own_fields=own,
            differences=given.get("differences") == "1",
        )


@router.get("/compare")
async def compare_devices(request: Request, catalogue: CatalogueDep, base_url: BaseUrlDep) -> HTMLResponse:
    """Up to four devices in a table, and what each does with the work."""
    asked = Asked.of(request.query_params.multi_items())
    entered = entered_devices(asked.names, catalogue.hardware_names)
    devices = [catalogue.accelerators[each.slug] for each in entered if each.slug]
    workload = decode(asked.job.fields, in_catalogue=_knows(catalogue)).workload
    estimates = [_estimate(catalogue, workload, device) for device in devices]
    page = ComparePage.of(
        catalogue,
        list(zip(devices, estimates, strict=True)),
        entered=entered,
        jobs=jobs(),
        job=asked.job,
        own_fields=asked.own_fields,
        differences=asked.differences,
        today=datetime.now(UTC).date(),
        base_url=base_url,
    )
    return render(page, status=UNPROCESSABLE if page.errors else 200)


@cache
def jobs() -> tuple[Job, ...]:
    """Kinds of work to choose from."""
    with _JOBS.open("rb") as file:
        entries: Iterable[Mapping[str, str]] = tomllib.load(file)["job"]
    return tuple(Job(each["slug"], each["label"], tuple(parse_qsl(each["query"]))) for each in entries)


def entered_devices(names: Sequence[str], index: NameIndex) -> tuple[Entered, ...]:
    """Each name with the device it means, or with what is wrong with it; a device is taken once."""
    entered: list[Entered] = []
    for name in names[:MOST_DEVICES]:
        each = _entered(name[:100], index)
        if not each.slug or each.slug not in {other.slug for other in entered}:
            entered.append(each)
    if len(names) > MOST_DEVICES:
        last = entered[-1]
        entered[-1] = Entered(last.name, last.slug, say("Compare at most {count} devices at once.", count=MOST_DEVICES))
    return tuple(entered)


def _entered(name: str, index: NameIndex) -> Entered:
    found = index.resolve(name)
    if isinstance(found, Match):
        return Entered(index.names[found.slug], found.slug, "")
    if isinstance(found, Ambiguous):
        several = ", ".join(index.names[slug] for slug in found.slugs)
        told = say("“{name}” is the name of several devices. Say which: {names}.", name=name, names=several)
        return Entered(name, "", told)
    if not found.names:
        return Entered(name, "", say("We know no device called “{name}”.", name=name))
    near = ", ".join(found.names)
    return Entered(name, "", say("We know no device called “{name}”. Near it: {names}.", name=name, names=near))


def _estimate(catalogue: Snapshot, workload: Workload, device: Accelerator) -> EstimateAnswer:
    answer = advisor.estimate(catalogue, workload, hardware=HardwareChoice(accelerator=device.slug))
    if device.trains or workload.task not in TRAINING:
        return answer
    return answer.model_copy(update=dict.fromkeys(SAYS_IT_RUNS))


def _knows(catalogue: Snapshot) -> Callable[[str], bool]:
    return lambda name: isinstance(catalogue.hardware_names.resolve(name), Match)

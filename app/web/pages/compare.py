"""Devices side by side: one row for each thing to know, one column for each device."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Self
from urllib.parse import urlencode

from app import formatting
from app.advice.prices import PriceBook
from app.advice.rental import cheapest_device_hour
from app.catalogue.snapshot import Snapshot
from app.contract.answer import EstimateAnswer
from app.engine.hardware import Accelerator
from app.engine.units import GB, GIB, TERA
from app.languages import say
from app.web.labels import details, label
from app.web.pages.head import Head as PageHead
from app.web.pages.listing import Choice
from app.worded import worded

PATH = "/compare"
ABOUT = worded("Graphics cards and other devices for machine learning side by side, at the work you choose.")
FIELDS = 4
"""Boxes for names."""
TRIFLE_FRACTION = 0.05
"""A value that is better by less is not marked as the best."""
NOT_ALONE = 2
"""From this many devices on there is something to compare."""

Subject = tuple[Accelerator, EstimateAnswer]


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work, as the fields of a link to its answer."""

    slug: str
    label: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Entered:
    """A name that was typed, the device it means, and what is wrong with it."""

    name: str
    slug: str
    error: str


@dataclass(frozen=True, slots=True)
class NameField:
    """A box for a name."""

    id: str
    number: int
    value: str
    error: str


@dataclass(frozen=True, slots=True)
class FieldError:
    """An error with the box it belongs to."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column."""

    name: str
    url: str
    without_url: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What one row says of one device."""

    device: str
    text: str
    css: str
    mark: str
    best: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to know."""

    label: str
    cells: tuple[Cell, ...]

    @property
    def same(self) -> bool:
        """Whether all devices agree."""
        return len({cell.text for cell in self.cells}) == 1


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that belong together."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class ComparePage:
    """The comparison."""

    template: ClassVar[str] = "compare/show.html"

    title: str
    fields: tuple[NameField, ...]
    errors: tuple[FieldError, ...]
    jobs: tuple[Choice, ...]
    own_fields: tuple[tuple[str, str], ...]
    """Hidden fields that keep the person's own work."""
    differences: bool
    left_out: int
    """Rows that are the same for all."""
    heads: tuple[Head, ...]
    groups: tuple[Group, ...]
    job: str
    answer_url: str
    head: PageHead

    @classmethod
    def of(
        cls,
        catalogue: Snapshot,
        subjects: Sequence[Subject],
        *,
        entered: Sequence[Entered],
        jobs: Sequence[Job],
        job: Job,
        own_fields: tuple[tuple[str, str], ...],
        differences: bool,
        today: date,
        base_url: str,
    ) -> Self:
        """The page of these devices for this work."""
        fields = _fields(entered)
        groups = groups_of(catalogue, subjects, today=today) if subjects else ()
        several = len(subjects) >= NOT_ALONE
        same = sum(row.same for group in groups for row in group.rows) if several else 0
        offered = [*([Job("own", say("The work you described"), own_fields)] if own_fields else []), *jobs]
        return cls(
            title=f"{formatting.one_of([device.name for device, _ in subjects])}?" if several else say("Compare"),
            fields=fields,
            errors=tuple(FieldError(each.id, each.error) for each in fields if each.error),
            jobs=tuple(Choice(each.slug, say(each.label), each.slug == job.slug) for each in offered),
            own_fields=own_fields,
            differences=differences,
            left_out=same,
            heads=_heads(subjects, job=job, own_fields=own_fields),
            groups=_differing(groups) if differences and several else groups,
            job=say(job.label),
            answer_url="/result?" + urlencode(job.fields),
            head=PageHead.of(say("Compare"), say(ABOUT), url=base_url + PATH, indexed=not entered),
        )


def _fields(entered: Sequence[Entered]) -> tuple[NameField, ...]:
    padded = [*entered, *[Entered("", "", "")] * (FIELDS - len(entered))]
    return tuple(NameField(f"ids-{n}", n, each.name, each.error) for n, each in enumerate(padded, start=1))


def _heads(subjects: Sequence[Subject], *, job: Job, own_fields: tuple[tuple[str, str], ...]) -> tuple[Head, ...]:
    slugs = [device.slug for device, _ in subjects]
    kept = own_fields if job.slug == "own" else (("job", job.slug),)

    def without(slug: str) -> str:
        rest = ",".join(other for other in slugs if other != slug)
        return f"{PATH}?" + urlencode([("ids", rest), *kept])

    return tuple(Head(device.name, f"/hardware/{device.slug}", without(device.slug)) for device, _ in subjects)


def _differing(groups: Sequence[Group]) -> tuple[Group, ...]:
    kept = (Group(group.title, tuple(row for row in group.rows if not row.same)) for group in groups)
    return tuple(group for group in kept if group.rows)


def groups_of(catalogue: Snapshot, subjects: Sequence[Subject], *, today: date) -> tuple[Group, ...]:
    """Everything to know of the devices."""
    return (
        Group(say("This work"), _work(subjects)),
        Group(say("Memory"), _memory(subjects)),
        Group(say("Speed on paper"), _rates(subjects)),
        Group(say("Price"), _prices(catalogue, subjects, today=today)),
        Group(say("Power and size"), _body(subjects)),
        Group(say("Software"), _software(catalogue, subjects)),
    )


def _row(
    name: str,
    subjects: Sequence[Subject],
    *,
    told: Callable[[Accelerator, EstimateAnswer], str],
    value: Callable[[Accelerator, EstimateAnswer], float | None] | None = None,
    lowest: bool = False,
) -> Row:
    """A row of texts; ``value`` finds the best of them, the highest unless ``lowest`` is wanted."""
    values = [value(*each) if value else None for each in subjects]
    best = _clear_winner([each for each in values if each is not None], lowest=lowest)
    return Row(
        name,
        tuple(
            Cell(device.name, told(device, answer), "", "", best is not None and mine == best)
            for (device, answer), mine in zip(subjects, values, strict=True)
        ),
    )


def _clear_winner(values: Sequence[float], *, lowest: bool) -> float | None:
    """The best value where it is better than the second best by more than a trifle.

    >>> _clear_winner([30.0, 29.5], lowest=False), _clear_winner([450.0, 350.0], lowest=True)
    (None, 350.0)
    """
    if len(values) < NOT_ALONE:
        return None
    best, second = sorted(values, reverse=not lowest)[:2]
    better = second / best if lowest and best else best / second if second else 1.0
    return best if better > 1 + TRIFLE_FRACTION else None


def _work(subjects: Sequence[Subject]) -> tuple[Row, ...]:
    rows = [
        Row(say("Does it fit?"), tuple(_fit(device, answer) for device, answer in subjects)),
        _row(say("Memory needed"), subjects, told=lambda _, answer: _needed(answer)),
        _row(say("Speed"), subjects, told=lambda _, answer: _speed(answer), value=lambda _, answer: _pace(answer)),
    ]
    if any(answer.throughput and answer.throughput.decode_tokens_per_s for _, answer in subjects):
        rows.append(_row(say("Of that, writing"), subjects, told=lambda _, answer: _decode(answer)))
    if any(answer.duration_hours for _, answer in subjects):
        rows += [
            _row(
                say("One run takes"),
                subjects,
                told=lambda _, answer: _duration(answer),
                value=lambda _, answer: answer.duration_hours.expected if answer.duration_hours else None,
                lowest=True,
            ),
            _row(say("Electricity of a run"), subjects, told=lambda _, answer: _energy(answer)),
        ]
    return tuple(rows)


def _fit(device: Accelerator, answer: EstimateAnswer) -> Cell:
    if not device.trains and answer.throughput is None:
        return Cell(device.name, say("Not made for training"), "does_not_fit", "✕", best=False)
    text, mark = details("fit", answer.fit or "unknown")
    return Cell(device.name, text, answer.fit or "", mark, best=False)


def _needed(answer: EstimateAnswer) -> str:
    need = answer.memory_gib_per_device
    if need is None:
        return formatting.unknown()
    needed = formatting.gib_between(need.low, need.high)
    return say("{needed} of {usable}", needed=needed, usable=formatting.gib(answer.usable_memory_gib))


def _pace(answer: EstimateAnswer) -> float | None:
    total = answer.throughput.total if answer.throughput else None
    return total.expected if total else None


def _speed(answer: EstimateAnswer) -> str:
    total = answer.throughput.total if answer.throughput else None
    if answer.throughput is None or total is None:
        return formatting.unknown()
    return formatting.pace(total.low, total.high, unit=answer.throughput.unit)


def _decode(answer: EstimateAnswer) -> str:
    span = answer.throughput.decode_tokens_per_s if answer.throughput else None
    return formatting.between(span.low, span.high, unit="tokens/s") if span else formatting.unknown()


def _duration(answer: EstimateAnswer) -> str:
    span = answer.duration_hours
    return formatting.duration_between(span.low, span.high) if span else formatting.unknown()


def _energy(answer: EstimateAnswer) -> str:
    span = answer.energy_kwh
    return formatting.between(span.low, span.high, unit="kWh") if span else formatting.unknown()


def _memory(subjects: Sequence[Subject]) -> tuple[Row, ...]:
    return (
        _row(
            say("Memory"),
            subjects,
            told=lambda device, _: formatting.nominal_gib(device.memory_bytes / GIB),
            value=lambda device, _: device.memory_bytes,
        ),
        _row(say("Of that usable"), subjects, told=lambda device, _: formatting.gib(device.usable_memory_bytes / GIB)),
        _row(
            say("Bandwidth"),
            subjects,
            told=lambda device, _: f"{formatting.number(device.memory_bandwidth_bytes_per_s / GB, figures=3)} GB/s",
            value=lambda device, _: device.memory_bandwidth_bytes_per_s,
        ),
    )


def _rates(subjects: Sequence[Subject]) -> tuple[Row, ...]:
    def rate(name: str, read: Callable[[Accelerator], float | None]) -> Row:
        return _row(name, subjects, told=lambda device, _: _tflops(read(device)), value=lambda device, _: read(device))

    return (
        rate(say("16 bits, dense"), lambda device: device.peak.bf16 or device.peak.fp16),
        rate(say("32 bits"), lambda device: device.peak.fp32),
        rate(say("8 bits (fp8), dense"), lambda device: device.peak.fp8),
    )


def _tflops(flops_per_s: float | None) -> str:
    return (
        formatting.unknown() if flops_per_s is None else f"{formatting.number(flops_per_s / TERA, figures=3)} TFLOP/s"
    )


def _prices(catalogue: Snapshot, subjects: Sequence[Subject], *, today: date) -> tuple[Row, ...]:
    prices = PriceBook.of(catalogue.market, today).prices

    def bought(name: str, condition: str) -> Row:
        def told(device: Accelerator, _: EstimateAnswer) -> str:
            price = prices.get((device.slug, condition))
            if price is None:
                return formatting.unknown()
            return f"{formatting.usd_between(price.usd_low, price.usd_high)} ({formatting.day(price.as_of)})"

        def usd(device: Accelerator, _: EstimateAnswer) -> float | None:
            price = prices.get((device.slug, condition))
            return price.usd if price else None

        return _row(name, subjects, told=told, value=usd, lowest=True)

    def rented(device: Accelerator, _: EstimateAnswer) -> str:
        hour = cheapest_device_hour(catalogue.market, device.slug)
        if hour is None:
            return formatting.unknown()
        return say("from {price} ({day})", price=formatting.usd_per_hour(hour.usd), day=formatting.day(hour.as_of))

    return bought(say("New"), "new"), bought(say("Used"), "used"), _row(say("Rented, on demand"), subjects, told=rented)


def _body(subjects: Sequence[Subject]) -> tuple[Row, ...]:
    return (
        _row(
            say("Power"),
            subjects,
            told=lambda device, _: f"{formatting.exact(device.tdp_w)} W" if device.tdp_w else formatting.unknown(),
            value=lambda device, _: device.tdp_w,
            lowest=True,
        ),
        _row(say("Slots in the case"), subjects, told=lambda device, _: formatting.exact(device.slots)),
        _row(say("Built for"), subjects, told=lambda device, _: label("segment", device.segment)),
        _row(
            say("Link between devices"),
            subjects,
            told=lambda device, _: (
                f"{formatting.number(device.interconnect_bytes_per_s / GB, figures=3)} GB/s"
                if device.interconnect_bytes_per_s
                else say("none")
            ),
        ),
    )


def _software(catalogue: Snapshot, subjects: Sequence[Subject]) -> tuple[Row, ...]:
    def support(device: Accelerator) -> Cell:
        text, mark = details("support", device.support)
        return Cell(device.name, text, device.support, mark, best=False)

    def systems(device: Accelerator, _: EstimateAnswer) -> str:
        known = catalogue.details.get(device.slug, {}).get("support")
        told = known.get("operating_systems") if isinstance(known, dict) else ""
        return told or formatting.unknown()

    return (
        Row(say("Support"), tuple(support(device) for device, _ in subjects)),
        _row(say("Why"), subjects, told=lambda device, _: say(device.support_note) or formatting.unknown()),
        _row(say("Systems"), subjects, told=systems),
        _row(say("On sale since"), subjects, told=lambda device, _: str(device.launch_year or formatting.unknown())),
    )

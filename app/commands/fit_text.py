"""What hardware can do, as text for a terminal, as a spreadsheet and as a Markdown table."""

import csv
import io
from itertools import groupby

from app import formatting
from app.commands.columns import table
from app.commands.listing import as_markdown as markdown_table
from app.contract.answer import FitAnswer, FitJobAnswer, RangeAnswer

COLUMNS = (
    "group", "job", "title", "fit", "memory_gib", "usable_memory_gib", "speed_low", "speed", "speed_high", "speed_unit",
    "speed_class", "bottleneck", "change_needed", "upgrade",
)  # fmt: skip
_WORDS = {
    "fits": "fits", "tight": "tight", "fits_with_changes": "fits with a change", "does_not_fit": "does not fit",
    "not_supported": "not supported", "unknown": "unknown",
}  # fmt: skip


def fit_text(answer: FitAnswer) -> str:
    """What hardware can do, for a terminal."""
    parts = [answer.verdict]
    parts += [f"{warning.severity}: {warning.text}" for warning in answer.warnings]
    known = any(job.fit != "unknown" for job in answer.jobs)
    for group, jobs in groupby(answer.jobs if known else (), key=lambda job: job.group):
        parts.append(f"{group}\n{table(_row(job) for job in jobs)}")
    ways = [f"{one.upgrade.text} ({_jobs(len(one.jobs))})" for one in answer.upgrades]
    if ways:
        parts.append("\n".join(["Ways out of what hinders", *(f"  {way}" for way in ways)]))
    parts += [f"assumed {one.field} = {one.value}: {one.why}" for one in answer.assumptions]
    return "\n\n".join(parts)


def _jobs(count: int) -> str:
    return f"{count} job" if count == 1 else f"{count} jobs"


def _row(job: FitJobAnswer) -> tuple[str, ...]:
    devices = job.hardware.count if job.hardware else 1
    memory = formatting.times(devices, formatting.gib(job.memory_gib.expected)) if job.memory_gib else ""
    return (f"  {job.title}", _WORDS[job.fit], memory, _speed(job), job.change_needed or "")


def _speed(job: FitJobAnswer) -> str:
    if job.speed is None:
        return ""
    return f"{job.speed.speed_class}, {speed_text(job.speed.value, job.speed.unit)}"


def speed_text(value: RangeAnswer, unit: str) -> str:
    """A speed in words: rates with their unit, times as people say them."""
    if unit.startswith("h "):
        return f"{formatting.duration(value.expected)} a run"
    if unit.startswith("s "):
        return f"{formatting.duration(value.expected / 3600)} each"
    return formatting.with_unit(value.expected, unit)


def as_csv(answer: FitAnswer) -> str:
    """One line for each typical job, numbers bare; what is unknown stays empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for job in answer.jobs:
        memory, speed = job.memory_gib, job.speed
        value = speed.value if speed else None
        writer.writerow(
            (
                job.group, job.slug, job.title, job.fit, memory and memory.expected, job.usable_memory_gib,
                value and value.low, value and value.expected, value and value.high, speed and speed.unit,
                speed and speed.speed_class, job.bottleneck, job.change_needed, job.upgrade and job.upgrade.text,
            )
        )  # fmt: skip
    return text.getvalue()


def as_markdown(answer: FitAnswer) -> str:
    """The jobs as one table, the verdict above it."""
    rows = [[cell.strip() for cell in (job.group, *_row(job))] for job in answer.jobs]
    head = ("GROUP", "JOB", "VERDICT", "MEMORY", "SPEED", "CHANGE")
    told = [f"- {warning.severity}: {warning.text}" for warning in answer.warnings]
    return "\n\n".join([answer.verdict, markdown_table(head, rows), *(["\n".join(told)] if told else [])])

"""An estimate as a table of quantities, for spreadsheets and documents."""

import csv
import io
from collections.abc import Iterator

from app import formatting
from app.commands.listing import as_markdown as markdown_table
from app.contract.answer import EstimateAnswer, RangeAnswer

COLUMNS = ("quantity", "low", "expected", "high", "unit")


def as_csv(answer: EstimateAnswer) -> str:
    """One quantity a line, numbers bare; what is unknown stays empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for name, value, unit in _quantities(answer):
        bounds = (value.low, value.expected, value.high) if isinstance(value, RangeAnswer) else ("", value, "")
        writer.writerow((name, *("" if bound is None else bound for bound in bounds), unit))
    return text.getvalue()


def as_markdown(answer: EstimateAnswer) -> str:
    """The known quantities as a table, then what to know about them."""
    rows = [(name, *_shown(value), unit) for name, value, unit in _quantities(answer) if value is not None]
    told = [f"- {warning.severity}: {warning.text}" for warning in answer.warnings]
    told += [f"- assumed {one.field} = {one.value}: {one.why}" for one in answer.assumptions]
    return "\n".join([markdown_table(COLUMNS, rows), *([""] if told else []), *told])


def _quantities(answer: EstimateAnswer) -> Iterator[tuple[str, RangeAnswer | float | str | None, str]]:
    speed = answer.throughput
    yield "memory of a device", answer.memory_gib_per_device, "GiB"
    yield "usable memory", answer.usable_memory_gib, "GiB"
    yield "fit", answer.fit, ""
    yield "throughput", speed.total if speed else None, speed.unit if speed else ""
    yield "prefill", speed.prefill_tokens_per_s if speed else None, "tokens/s"
    yield "decode", speed.decode_tokens_per_s if speed else None, "tokens/s"
    yield "model FLOP utilization", speed.model_flops_utilization if speed else None, ""
    yield "bound by", speed.bound_by if speed else None, ""
    yield "step", answer.step_ms, "ms"
    yield "duration", answer.duration_hours, "h"
    yield "device time", answer.device_hours, "h"
    yield "energy", answer.energy_kwh, "kWh"
    yield "cost", answer.cost_usd, "USD"
    yield "evidence", answer.evidence, ""


def _shown(value: RangeAnswer | float | str | None) -> tuple[str, str, str]:
    if isinstance(value, RangeAnswer):
        return formatting.number(value.low), formatting.number(value.expected), formatting.number(value.high)
    return "", formatting.number(value) if isinstance(value, int | float) else str(value), ""

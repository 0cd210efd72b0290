"""A report of accuracy as text for a terminal."""

from collections.abc import Sequence

from app import formatting
from app.accuracy.report import Kind, Line, Report, WorstCase
from app.accuracy.scoring import Score
from app.commands.columns import table

HEAD = ("", "cases", "answered", "median error", "80 % within", "bias", "in interval", "width")


def report_text(report: Report) -> str:
    """A report for a terminal: by class and by source, worst first, then decisions and the worst cases."""
    head = f"{report.cases} cases of {report.sources} sources, version {report.version}, {report.as_of}"
    ranked, fit = report.ranking, report.fit
    near = f"(of {fit.decisions} decisions near the need)"
    lines = [
        f"right order of two devices: {formatting.percent(ranked.right)} of {ranked.pairs} pairs",
        f"said to fit what does not: {formatting.percent(fit.false_fit)} {near}",
        f"refused what fits: {formatting.percent(fit.false_refusal)} {near}",
        f"word against a known outcome: {fit.contradicted} of {fit.known}",
        *(f"without an estimate: {count} ({why})" for why, count in report.unanswered.items()),
    ]
    worst = table([_worst(case) for case in report.worst]) if report.worst else ""
    return "\n\n".join(part for part in [head, *map(_kind, report.kinds), "\n".join(lines), worst] if part)


def _kind(kind: Kind) -> str:
    mean = kind.means
    means = Score(cases=mean.classes, bias=None, **mean.model_dump(exclude={"classes"}))
    rows = [
        (f"{kind.kind} by class", *HEAD[1:]),
        *_rows(kind.classes),
        _row("mean of classes (count)", means),
        _row("all cases", kind.pooled),
        (f"{kind.kind} by source", *HEAD[1:]),
        *_rows(kind.sources),
    ]
    return table(rows)


def _rows(lines: Sequence[Line]) -> list[tuple[str, ...]]:
    return [_row(f"  {line.name}", line.score) for line in lines]


def _row(name: str, score: Score) -> tuple[str, ...]:
    shares = (score.answered, score.median_error, score.upper_error)
    factors = (score.bias, score.width)
    answered, median, upper = (formatting.percent(share) if share is not None else "-" for share in shares)
    bias, width = (f"{factor:.2f}" if factor is not None else "-" for factor in factors)
    covered = formatting.percent(score.coverage) if score.coverage is not None else "-"
    return (name, str(score.cases), answered, median, upper, bias, covered, width)


def _worst(case: WorstCase) -> tuple[str, ...]:
    said = f"said {formatting.number(case.expected)}, measured {formatting.number(case.measured)} {case.unit}"
    on = formatting.times(case.count, case.accelerator)
    return (f"{case.off_by:.1f} x", said, f"{case.work} on {on}", case.address or case.publisher)

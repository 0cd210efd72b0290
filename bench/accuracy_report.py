"""Score the estimates against published measurements, and write the report that the service ships.

    .venv/bin/python bench/accuracy_report.py CASES.jsonl … [--left-out LEFT_OUT.json] [--print]

CASES holds one measured run a line; docs/accuracy.md describes the format. LEFT_OUT is what bench/leave_out.py writes:
the errors of an engine that was fitted without each run's source, or its generation of devices. The report keeps
aggregates by class and by source and the worst cases with their public addresses; the cases themselves are not copied.
The parts of README.md and docs/accuracy.md between their accuracy marks quote the report.
"""

import argparse
import json
import math
import pathlib
import statistics
import tempfile
from dataclasses import replace
from datetime import UTC, datetime

from measured_runs import case_lines

from app import __version__, advisor, formatting
from app.accuracy.cases import read_cases
from app.accuracy.outcomes import Guess
from app.accuracy.report import Unseen, report_of
from app.accuracy.running import outcomes_of
from app.accuracy.scoring import FEWEST_CASES
from app.catalogue.startup import prepare
from app.commands.accuracy_text import report_text
from app.db import connect
from app.web.pages.accuracy import KIND_TITLES, METRIC_TITLES, class_title, decisions_in_words

ROOT = pathlib.Path(__file__).parent.parent
TARGET = ROOT / "app/accuracy/report.json"
README = ROOT / "README.md"
DOCUMENT = ROOT / "docs/accuracy.md"


def outcomes_in(paths):
    """The outcomes of some case files, on the catalogue of the repository's seed."""
    with tempfile.TemporaryDirectory() as folder:
        catalogue = prepare(connect(f"sqlite:///{folder}/whichrig.db"))
        return outcomes_of(
            read_cases(case_lines(paths)),
            lambda asked: advisor.estimate(catalogue, asked.workload, hardware=asked.hardware),
        )


def quoted(report):
    """The report in a few lines of Markdown."""
    rows = []
    for kind in report.kinds:
        title, score = KIND_TITLES[kind.kind][0], kind.pooled
        shares = (score.median_error, score.upper_error, score.coverage)
        told = " | ".join(formatting.percent(share) for share in shares)
        rows.append(f"| {title} | {score.cases:,} | {told} | {score.width:.1f} |")
    head = "| quantity | runs | half are within | four of five within | inside the interval | its width |"
    head += "\n|---|---|---|---|---|---|"
    runs = f"{report.cases:,} published measurements of {report.sources} sources"
    said = f"Version {report.version} on {runs} ({report.as_of}):"
    tail = "\n".join(f"* {sentence}" for sentence in [*decisions_in_words(report), *left_out_in_words(report)])
    more = (
        "By class and by source, worst cases included: the page `/accuracy`, and [docs/accuracy.md](docs/accuracy.md)."
    )
    return "\n\n".join([said, "\n".join([head, *rows]), tail, more])


def unseen_in(path, outcomes):
    """What an engine would have said that was fitted without each run's source, or its generation of devices."""
    found = json.loads(path.read_text("utf-8"))
    doubts = found["doubts"]
    by_source, by_generation = (
        [
            replace(one, guess=Guess(one.case.value * math.exp(errors[one.case.id]), None, None, doubts[one.case.id]))
            for one in outcomes
            if one.case.value is not None and one.case.id in errors
        ]
        for errors in (found["log_errors"]["source"], found["log_errors"]["generation"])
    )
    return Unseen(by_source, by_generation, found["generations"])


def left_out_table(lines, named):
    """What was left out, as a Markdown table, worst first."""
    head = f"| kind of work | quantity | {named} left out: error | half are within | inside the interval | its width |"
    rows = []
    for line in lines:
        parts = ", ".join(f"{one.source} {formatting.percent(one.median_error)}" for one in line.sources)
        shares = f"{formatting.percent(line.median_error)} | {formatting.percent(line.coverage)} | {line.width:.1f}"
        title = METRIC_TITLES.get(line.metric, line.metric)
        rows.append(f"| {class_title(line.work_class)} | {title} | {parts} | {shares} |")
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])


def left_out_in_words(report):
    """The left-out figures in one sentence each."""
    for named, found in (("source", report.left_out), ("generation of devices", report.generations)):
        lines = [one for one in found if one.cases >= FEWEST_CASES]
        if lines:
            error, covered = (
                statistics.fmean(getattr(one, name) for one in lines) for name in ("median_error", "coverage")
            )
            yield (
                f"Fitted without the {named} that is asked about: half of the estimates within "
                f"{formatting.percent(error)}, {formatting.percent(covered)} of the measurements inside the interval "
                f"(means of {len(lines)} classes)."
            )


def put_between_marks(path, text):
    """Replace what stands between the accuracy marks of a document."""
    start, end = "<!-- accuracy -->", "<!-- /accuracy -->"
    before, _, rest = path.read_text(encoding="utf-8").partition(start)
    after = rest.partition(end)[2]
    if rest:
        path.write_text(f"{before}{start}\n{text}\n{end}{after}", encoding="utf-8")


def main():
    """Write the report, or print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="+")
    parser.add_argument("--left-out", type=pathlib.Path)
    parser.add_argument("--print", action="store_true", help="show the report and write nothing")
    options = parser.parse_args()
    outcomes = outcomes_in(options.cases)
    unseen = None if options.left_out is None else unseen_in(options.left_out, outcomes)
    report = report_of(outcomes, version=__version__, as_of=datetime.now(UTC).date(), unseen=unseen)
    if options.print:
        print(report_text(report))
    else:
        TARGET.write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
        put_between_marks(README, quoted(report))
        tables = [left_out_table(report.left_out, "source"), left_out_table(report.generations, "generation")]
        put_between_marks(DOCUMENT, "\n" + "\n\n".join(tables) + "\n")
        print(f"{TARGET}: {report.cases} cases of {report.sources} sources")


if __name__ == "__main__":
    main()

"""Score the estimates against published measurements, and write the report that the service ships.

    .venv/bin/python bench/accuracy_report.py CASES.jsonl [--print]

CASES holds one measured run a line; docs/accuracy.md describes the format. The report keeps aggregates by class and by
source and the worst cases with their public addresses; the cases themselves are not copied. The part of README.md
between its accuracy marks quotes the report.
"""

import argparse
import pathlib
import tempfile
from datetime import UTC, datetime

from app import __version__, advisor, formatting
from app.accuracy.cases import read_cases
from app.accuracy.report import report_of
from app.accuracy.running import outcomes_of
from app.catalogue.startup import prepare
from app.commands.accuracy import report_text
from app.db import connect
from app.web.pages.accuracy import KIND_TITLES, decisions_in_words

ROOT = pathlib.Path(__file__).parent.parent
TARGET = ROOT / "app/accuracy/report.json"
README = ROOT / "README.md"


def outcomes_in(path):
    """The outcomes of a case file, on the catalogue of the repository's seed."""
    with tempfile.TemporaryDirectory() as folder, path.open(encoding="utf-8") as lines:
        catalogue = prepare(connect(f"sqlite:///{folder}/whichrig.db"))
        return outcomes_of(
            read_cases(lines), lambda asked: advisor.estimate(catalogue, asked.workload, hardware=asked.hardware)
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
    tail = "\n".join(f"* {sentence}" for sentence in decisions_in_words(report))
    more = (
        "By class and by source, worst cases included: the page `/accuracy`, and [docs/accuracy.md](docs/accuracy.md)."
    )
    return "\n\n".join([said, "\n".join([head, *rows]), tail, more])


def write_readme(report):
    """Put the quotation between its marks."""
    start, end = "<!-- accuracy -->", "<!-- /accuracy -->"
    before, _, rest = README.read_text(encoding="utf-8").partition(start)
    after = rest.partition(end)[2]
    if rest:
        README.write_text(f"{before}{start}\n{quoted(report)}\n{end}{after}", encoding="utf-8")


def main():
    """Write the report, or print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", type=pathlib.Path)
    parser.add_argument("--print", action="store_true", help="show the report and write nothing")
    options = parser.parse_args()
    report = report_of(outcomes_in(options.cases), version=__version__, as_of=datetime.now(UTC).date())
    if options.print:
        print(report_text(report))
    else:
        TARGET.write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
        write_readme(report)
        print(f"{TARGET}: {report.cases} cases of {report.sources} sources")


if __name__ == "__main__":
    main()

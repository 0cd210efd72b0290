"""Score the estimates against published measurements, and write the report that the service ships.

    .venv/bin/python bench/accuracy_report.py CASES.jsonl [--print]

CASES holds one measured run a line; docs/accuracy.md describes the format. The report keeps aggregates by class and by
source and the worst cases with their public addresses; the cases themselves are not copied.
"""

import argparse
import pathlib
import tempfile
from datetime import UTC, datetime

from app import __version__, advisor
from app.accuracy.cases import read_cases
from app.accuracy.report import report_of
from app.accuracy.running import outcomes_of
from app.catalogue.startup import prepare
from app.commands.accuracy import report_text
from app.db import connect

TARGET = pathlib.Path(__file__).parent.parent / "app/accuracy/report.json"


def outcomes_in(path):
    """The outcomes of a case file, on the catalogue of the repository's seed."""
    with tempfile.TemporaryDirectory() as folder, path.open(encoding="utf-8") as lines:
        catalogue = prepare(connect(f"sqlite:///{folder}/whichrig.db"))
        return outcomes_of(
            read_cases(lines), lambda asked: advisor.estimate(catalogue, asked.workload, hardware=asked.hardware)
        )


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
        print(f"{TARGET}: {report.cases} cases of {report.sources} sources")


if __name__ == "__main__":
    main()

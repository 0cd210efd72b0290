"""How well would the estimates do on sources they have not seen?

    .venv/bin/python bench/leave_out.py CASES.jsonl

For each class with several sources: the error of each source, and the coverage of the 80 % interval that the other
sources alone would give. Every source weighs the same in the line of its class.
"""

import argparse
import pathlib
import statistics

from accuracy_report import outcomes_in

from app.accuracy.left_out import left_out

FORM = "{:<24}{:<22}{:<26}{:>6}{:>10}{:>10}{:>8}"


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", type=pathlib.Path)
    found = left_out(outcomes_in(parser.parse_args().cases))
    print(FORM.format("metric", "class", "source left out", "cases", "error", "coverage", "width"))
    for line in found:
        shown = (line.metric, line.work_class, f"= {len(line.sources)} sources", line.cases)
        print(FORM.format(*shown, *figures(line)))
        for source in line.sources:
            print(FORM.format("", "", source.source, source.cases, *figures(source)))
    coverage = statistics.fmean(line.coverage for line in found)
    print(f"\nmean over {len(found)} classes: coverage {coverage:.0%}")


def figures(line):
    """Error, coverage and width as text."""
    return f"{line.median_error:.1%}", f"{line.coverage:.0%}", f"{line.width:.2f}"


if __name__ == "__main__":
    main()

"""The variables that rules may look at are documented, and unknown values follow one convention."""

from pathlib import Path

from app.advice.facts import VARIABLES, facts_table

DOCUMENT = Path(__file__).parents[2] / "docs/reference/rules.md"
ROWS = facts_table(VARIABLES.values()).splitlines()[2:]


def test_the_document_lists_every_variable_as_it_is():
    written = DOCUMENT.read_text("utf-8").splitlines()

    assert [row for row in written if row.startswith("| `")] == ROWS

"""The variables that rules may look at are documented, and unknown values follow one convention."""

from pathlib import Path

from app.advice.facts import facts_table

DOCUMENT = Path(__file__).parents[2] / "docs/rules.md"


def test_the_document_lists_every_variable_as_it_is():
    assert facts_table() in DOCUMENT.read_text("utf-8")

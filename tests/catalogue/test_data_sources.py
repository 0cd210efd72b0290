from pathlib import Path

from app.catalogue.seed import seed_rows
from app.tables import Source

PAGE = Path(__file__).parents[2] / "docs" / "data-sources.md"


def test_every_licence_of_a_source_is_credited():
    page = PAGE.read_text(encoding="utf-8")
    licences = {part.split(" (")[0] for row in seed_rows(Source) for part in row["licence"].split("; data ") if part}

    assert {licence for licence in licences if licence not in page} == set()

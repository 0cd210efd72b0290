import csv
from pathlib import Path

import pytest

from app.catalogue.name_matches import Ambiguous, Match, Unknown
from app.catalogue.names import NamedEntry, NameIndex

KNOWN = list(csv.DictReader(Path(__file__).with_name("known_names.csv").read_text(encoding="utf-8").splitlines()))


@pytest.fixture(scope="module")
def indexes(snapshot) -> dict[str, NameIndex]:
    return {
        "hardware": snapshot.hardware_names,
        "model": snapshot.model_names,
        "dataset": snapshot.dataset_names,
        "algorithm": snapshot.algorithm_names,
        "provider": snapshot.provider_names,
    }


def test_a_name_that_people_write_leads_to_its_entry(indexes):
    found = [indexes[row["kind"]].resolve(row["name"]) for row in KNOWN]

    assert [each.slug if isinstance(each, Match) else each for each in found] == [row["slug"] for row in KNOWN]


@pytest.mark.parametrize("kind", ["hardware", "model", "dataset", "algorithm", "provider"])
def test_every_entry_is_found_by_its_slug_and_its_name(indexes, kind):
    index = indexes[kind]

    for entry in index.entries:
        assert index.resolve(entry.slug).slug == entry.slug
        assert index.resolve(entry.name).slug == entry.slug


def test_every_model_is_found_by_its_address_at_the_hub(indexes):
    seed = Path("app/catalogue/seed/transformers.csv")
    rows = csv.DictReader(seed.read_text(encoding="utf-8").splitlines())
    known = {entry.slug for entry in indexes["model"].entries}

    lost = [row["hub_id"] for row in rows if row["hub_id"] and row["slug"] in known and not _found(indexes, row)]

    assert lost == []


def _found(indexes, row) -> bool:
    found = indexes["model"].resolve(row["hub_id"])
    return isinstance(found, Match) and found.slug == row["slug"]


def test_a_name_of_three_products_is_asked_about(snapshot):
    found = snapshot.hardware_names.resolve("NVIDIA Titan X")

    assert isinstance(found, Ambiguous)
    assert found.slugs == ("titan-x-maxwell", "titan-x-pascal", "titan-xp")
    assert "3072" in found.note


def test_a_default_among_several_memory_sizes_names_the_others(snapshot):
    found = snapshot.hardware_names.resolve("RTX 3080")

    assert found.slug == "geforce-rtx-3080-10gb"
    assert "12GB" in found.note


def test_a_slip_of_the_pen_is_answered_with_the_likeliest_card_first(snapshot):
    found = snapshot.hardware_names.resolve("RTX 4909")

    assert isinstance(found, Unknown)
    assert found.nearest[0] == "geforce-rtx-4090"


def test_part_of_a_processor_name_offers_processors(snapshot):
    found = snapshot.hardware_names.resolve("i7")

    assert all(slug.startswith("core-i7") for slug in found.nearest)


def test_nothing_is_near_an_empty_name(snapshot):
    assert snapshot.hardware_names.resolve(" - ") == Unknown((), ())


def test_two_entries_with_one_full_name_clash():
    index = NameIndex("dataset", (NamedEntry("a-1", "Corpus 1"), NamedEntry("b", "corpus-1")))

    assert index.clashes() == [("corpus1", ("a-1", "b"))]


def test_a_card_that_never_existed_says_so(snapshot):
    found = snapshot.hardware_names.resolve("GTX 720")

    assert (found.slug, found.note) == ("geforce-gt-720", "There was no GTX 720; taken as the GT 720.")

"""The charts of an answer: other ways, other sizes, time against money, and hours of use that can be changed."""

import re

import pytest

from app.web.pages.scatter import Scatter
from tests.web.answers import a_recommendation

LORA = "/result?task=finetune&domain=text&model=llama-3.1-8b"
TRAINING = "/result?task=train&domain=detection&samples=500000&runs_per_month=20&country=DE"


def section(page, name):
    return page.select_one(f"section[aria-labelledby={name}]")


def test_ways_of_adapting_a_model_stand_against_the_memory_of_usual_cards(browser):
    page = browser.get(LORA)
    chart = page.select_one("svg.ways.wide")
    names = [text.get_text() for text in chart.select("text.name")]

    assert [name.split(":")[0] for name in names] == [
        "All parameters",
        "Adapters (LoRA)",
        "Adapters on 4-bit weights (QLoRA)",
    ]
    assert {"8", "24", "80"} <= {text.get_text() for text in chart.select("text:not(.name)")}
    assert names[0].split(": ")[1] in chart["aria-label"]


def test_ways_of_running_a_model_are_bits(browser):
    page = browser.get("/result?task=inference&domain=text&model=llama-3.1-8b")
    names = [text.get_text() for text in page.select("svg.ways.wide text.name")]

    assert [re.findall(r"\d+ bits", name)[0] for name in names] == ["16 bits", "8 bits", "4 bits"]


def test_more_parameters_and_longer_texts_never_take_a_smaller_class(browser):
    rows = browser.get(LORA).select("table.heat tbody tr")
    letters = [[cell.strong.get_text() for cell in row.select("td")] for row in rows]

    assert len(letters) == 5
    assert all(row == sorted(row) for row in letters)
    assert all(list(column) == sorted(column) for column in zip(*letters, strict=True))


@pytest.mark.parametrize("path", ["/result?goal=learn", TRAINING])
def test_work_without_a_language_model_has_no_such_map(browser, path):
    assert browser.get(path).select("table.heat, svg.ways") == []


def test_the_line_joins_what_nothing_else_beats(browser):
    page = browser.get(LORA)
    points = page.select("svg.scatter.wide a")
    best = [point for point in points if "beaten" not in point["class"]]
    line = page.select_one("svg.scatter.wide path.pareto")["d"]
    heights = [float(pair.split(",")[1]) for pair in re.findall(r"[\d.]+,[\d.]+", line)]

    assert len(points) >= 3
    assert len(heights) == len(best)
    assert heights == sorted(heights), "along the line the slower way is the cheaper one"
    assert all(point["aria-label"] and point["href"] for point in points)


def test_too_few_ways_make_no_chart():
    assert Scatter.of(a_recommendation(cloud=[], buy_or_rent=None)) is None


def test_other_hours_of_use_move_the_comparison_without_scripts(browser):
    page = browser.get(TRAINING)
    before = page.select_one(".rent-told").get_text()
    moved = browser.submit(page, form=".hours-form", hours_per_month="700")

    assert "700" in moved.select_one(".rent-told").get_text()
    assert moved.select_one(".rent-told").get_text() != before
    assert "country=DE" in moved.url
    assert moved.select_one("#hours_per_month")["value"] == "700"


def test_every_device_with_enough_memory_is_one_link_away(browser):
    page = browser.get(LORA)
    link = section(page, "picks").select_one("a[href^='/hardware?memory_gib_min=']")
    listed = browser.get(link["href"])

    assert listed.select("tbody tr")
    assert listed.select_one("option[selected][value=supported]")

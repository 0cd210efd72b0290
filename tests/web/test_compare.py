"""Devices side by side."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from app.web.compare import jobs

THREE = "/compare?ids=geforce-rtx-3090,geforce-rtx-4090,geforce-rtx-5090"


def row(page, label) -> list[str]:
    found = next(tr for tr in page.select("tbody tr:not(.group)") if tr.th.get_text(strip=True) == label)
    return [" ".join(cell.get_text(" ").split()) for cell in found.select("td")]


def test_devices_stand_side_by_side(browser):
    page = browser.get(THREE)

    assert page.heading == "GeForce RTX 3090 or GeForce RTX 4090 or GeForce RTX 5090?"
    assert row(page, "Memory") == ["24 GB", "24 GB", "32 GB best"]
    assert [text.replace("best", "").strip() for text in row(page, "Power")] == ["350 W", "450 W", "575 W"]
    assert all(re.search(r"\(\d+ \w+ 20\d\d\)", text) for text in row(page, "Used"))


def test_names_are_forgiven_and_may_come_one_by_one(browser):
    page = browser.submit(browser.get("/compare"), ids=["rtx 3090", "H100 SXM", "", ""])

    assert page.heading == "GeForce RTX 3090 or NVIDIA H100 SXM5 80GB?"


@pytest.mark.parametrize(
    ("name", "told"),
    [("Titan X", "several devices"), ("rtx 4099", "GeForce RTX 4090"), ("zzzz", "We know no device called “zzzz”")],
)
def test_a_name_that_means_nothing_or_too_much_is_named_at_its_box(browser, name, told):
    page = browser.get(f"/compare?ids=geforce-rtx-3090,{name}", status=422)
    link = page.select_one(".error-summary a")

    assert told in link.get_text()
    assert link["href"] == "#ids-2"
    assert page.select_one("#ids-2")["value"] == name
    assert page.title.get_text().startswith("Error: ")


def test_more_than_four_are_too_many(browser):
    page = browser.get(THREE + ",b200,a100-sxm4-80gb", status=422)

    assert "at most 4" in page.select_one(".error-summary").get_text()
    assert len(page.select("thead th")) == 4


def test_a_device_is_compared_once(browser):
    assert len(browser.get("/compare?ids=geforce-rtx-3090,RTX+3090,b200").select("thead th")) == 2


@pytest.mark.parametrize("job", [each.slug for each in jobs()])
def test_every_kind_of_work_has_a_speed_and_a_fit_on_a_current_card(browser, job):
    page = browser.get(f"/compare?ids=geforce-rtx-5090,h100-sxm5-80gb&job={job}")

    assert not any("unknown" in text for text in row(page, "Speed"))
    assert page.select_one("option[selected]")["value"] == job


def test_the_numbers_are_those_of_the_estimate_for_programs(browser, client):
    workload = {"task": "finetune", "domain": "text", "model": {"name": "llama-3.1-8b"}, "method": "qlora"}
    workload |= {"dataset": {"tokens": 1e7}, "epochs": 1}
    asked = {"workload": workload, "hardware": {"accelerator": "geforce-rtx-4090"}}
    memory = client.post("/estimate", json=asked).json()["memory_gib_per_device"]
    page = browser.get("/compare?ids=geforce-rtx-4090,geforce-rtx-3090&job=adapt-8b")
    low, high = (float(part) for part in re.findall(r"[\d.]+", row(page, "Memory needed")[0])[:2])

    assert (low, high) == (pytest.approx(memory["low"], rel=0.05), pytest.approx(memory["high"], rel=0.05))


def test_the_work_of_the_address_is_kept(browser):
    page = browser.get(THREE + "&task=train&domain=vision&model=vgg16&samples=5000&epochs=10")
    again = browser.submit(page, differences="1")

    assert page.select_one("option[selected]").get_text() == "The work you described"
    assert parse_qs(urlsplit(again.url).query)["model"] == ["vgg16"]
    assert row(again, "One run takes")[:3] == row(page, "One run takes")[:3]
    assert browser.follow(page, "See what we would pick for it").select("h1.verdict")


def test_differences_only_leaves_out_what_is_the_same(browser):
    page = browser.get(THREE)
    fewer = browser.get(THREE + "&differences=1")
    labels = {cell.get_text(strip=True) for cell in fewer.select("tbody th[scope=row]")}

    assert "Built for" not in labels
    assert "Power" in labels
    assert len(labels) < len(page.select("tbody th[scope=row]"))
    assert "left out" in fewer.get_text()


def test_a_device_can_be_taken_out(browser):
    page = browser.follow(browser.get(THREE), "Remove GeForce RTX 4090")

    assert page.heading == "GeForce RTX 3090 or GeForce RTX 5090?"


def test_a_device_that_does_not_train_says_so(browser):
    page = browser.get("/compare?ids=inferentia2,geforce-rtx-3090&job=photos")

    assert row(page, "Does it fit?")[0] == "Not made for training"
    assert row(page, "Speed")[0] == "unknown"


def test_hardware_pages_lead_to_the_comparison(browser):
    page = browser.follow(browser.get("/hardware/geforce-rtx-3090"), "Compare with others")

    assert page.heading == "Compare"
    assert page.select_one("#ids-1")["value"] == "GeForce RTX 3090"

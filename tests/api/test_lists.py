"""Models, offers, scenarios, tiers and rules as JSON."""

import pytest


def test_models_are_found_by_kind_architecture_and_words(client):
    found = client.get("/models?kind=transformer&architecture=decoder&q=llama&limit=1000").json()["items"]

    assert "llama-3.1-8b" in {item["slug"] for item in found}
    assert all(item["architecture"] == "decoder" and "llama" in item["slug"] for item in found)


@pytest.mark.parametrize(
    ("name", "slug", "kind"),
    [
        ("LLaMA 3.1 8B", "llama-3.1-8b", "transformer"),
        ("ResNet-50", "resnet50", "network"),
        ("xgboost", "xgboost", "algorithm"),
    ],
)
def test_a_model_answers_to_all_its_names(client, name, slug, kind):
    detail = client.get(f"/models/{name}").json()

    assert (detail["slug"], detail["kind"]) == (slug, kind)
    assert detail["spec"]["source"]


def test_an_unknown_model_offers_the_nearest(client):
    answer = client.get("/models/lama-3.1-8b-x")

    assert answer.status_code == 404
    assert "llama-3.1-8b" in answer.json()["suggestions"]


def test_offers_are_found_by_device_price_and_pricing(client):
    query = "accelerator=H100&pricing=on_demand&max_usd_per_hour=4&limit=1000"
    found = client.get(f"/cloud/offers?{query}").json()["items"]

    assert found
    assert all(offer["accelerator"].startswith("h100") and offer["usd_per_hour_on_demand"] <= 4 for offer in found)
    prices = [offer["usd_per_hour_on_demand"] for offer in found]
    assert prices == sorted(prices)


def test_an_offer_has_its_pedigree_and_unknown_prices_are_null(client):
    found = client.get("/cloud/offers?limit=1000").json()["items"]

    assert all(offer["source"] and offer["as_of"] for offer in found)
    assert all(offer["usd_per_hour_spot"] != 0 for offer in found)


def test_offers_of_an_unknown_device_are_a_404_with_names(client):
    answer = client.get("/cloud/offers?accelerator=RTX%204909")

    assert answer.status_code == 404
    assert "geforce-rtx-4090" in answer.json()["suggestions"]


def test_the_four_scenarios_are_told_in_order(client):
    scenarios = client.get("/scenarios").json()

    assert [(one["number"], one["slug"]) for one in scenarios] == [
        (1, "no-gpu"), (2, "one-gpu"), (3, "box-or-cloud"), (4, "cluster"),
    ]  # fmt: skip


def test_the_tiers_are_told_smallest_first(client):
    tiers = [tier["slug"] for tier in client.get("/tiers").json()]

    assert tiers == ["none", "entry", "mid", "high", "workstation", "datacenter", "cluster"]


def test_the_rules_are_told_in_the_order_in_which_they_are_tried(client):
    rules = client.get("/rules").json()

    scenario_rules = [rule["priority"] for rule in rules if rule["kind"] == "scenario"]
    assert scenario_rules == sorted(scenario_rules, reverse=True)
    assert all(rule["condition"] and rule["last_checked"] for rule in rules)

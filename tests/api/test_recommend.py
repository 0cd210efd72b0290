"""POST /recommend and its link give one answer, and say what is wrong in one way."""

import pytest

PROBLEM = "application/problem+json"


@pytest.fixture
def question() -> dict:
    return {
        "workload": {"task": "train", "domain": "vision", "model": {"name": "resnet-50"}, "epochs": 20},
        "constraints": {"budget_usd": 2000, "existing_hardware": [{"accelerator": "GTX 1080", "count": 1}]},
    }


def test_an_answer_has_everything_the_contract_names(client, question):
    answer = client.post("/recommend", json=question).json()

    assert set(answer) >= {
        "scenario", "tier", "verdict", "need", "picks", "cloud", "buy_or_rent", "owned", "host",
        "what_would_change_this", "rejected", "warnings", "assumptions", "provenance", "links",
    }  # fmt: skip
    assert answer["scenario"]["number"] in {1, 2, 3, 4}
    assert answer["verdict"]
    assert answer["provenance"]["catalogue_revision"] >= 1
    assert all({"if", "then"} == set(change) for change in answer["what_would_change_this"])


@pytest.mark.parametrize(("budget_usd", "usable"), [(2000, False), (0, True)])
def test_a_card_whose_software_has_ended_is_of_use_only_where_nothing_may_be_spent(client, budget_usd, usable):
    asked = {
        "workload": {"task": "finetune", "model": {"name": "qwen2.5-7b"}, "method": "qlora"},
        "constraints": {"budget_usd": budget_usd, "existing_hardware": [{"accelerator": "Tesla P40", "count": 1}]},
    }
    owned = client.post("/recommend", json=asked).json()["owned"]

    assert [(each["fit"], each["usable"]) for each in owned] == [("fits", usable)]


def test_the_permalink_gives_the_same_answer(client, question):
    answer = client.post("/recommend", json=question).json()

    again = client.get(answer["links"]["permalink"]).json()

    for moving in (answer, again):
        moving["provenance"].pop("computed_at")
    assert again == answer


def test_the_permalink_of_an_answer_is_its_own(client, question):
    link = client.post("/recommend", json=question).json()["links"]["permalink"]

    assert client.get(link).json()["links"]["permalink"] == link


def test_links_begin_with_the_address_that_was_asked(client, question):
    links = client.post("/recommend", json=question).json()["links"]

    assert links["permalink"].startswith("http://testserver/recommend?task=train")
    assert links["html"] == links["permalink"].replace("/recommend?", "/result?")


def test_an_unknown_query_field_is_named_with_the_nearest(client):
    answer = client.get("/recommend?task=train&batchsize=4")

    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert answer.json()["errors"] == [
        {"pointer": "/batchsize", "detail": "There is no field named “batchsize” here", "suggestions": ["batch_size"]}
    ]


def test_hardware_in_a_query_is_a_name_or_own_words(client):
    query = (
        "task=inference&domain=text&existing_hardware=RTX%203090%20x2&existing_hardware=a%20card%20from%20my%20uncle"
    )

    owned = client.get(f"/recommend?{query}").json()["owned"]

    assert owned[0]["hardware"]["accelerator"] == "geforce-rtx-3090"
    assert owned[0]["hardware"]["count"] == 2
    assert "card from my uncle" in str(owned[1:])


def test_an_unchanged_catalogue_is_told_by_304(client):
    first = client.get("/recommend?task=learn")

    again = client.get("/recommend?task=learn", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")

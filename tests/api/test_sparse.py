"""?fields= leaves out what a program does not need."""

import pytest

LEARN = {"workload": {"task": "learn"}}
TRAIN = {"workload": {"task": "train", "model": {"name": "resnet-50"}}, "hardware": {"accelerator": "RTX 4090"}}


def test_an_entry_has_only_the_fields_that_were_asked_for(client):
    found = client.get("/hardware?fields=slug,usd_new&limit=3").json()

    assert [set(entry) for entry in found["items"]] == [{"slug", "usd_new"}] * 3
    assert found["total"] > 3
    assert set(client.get(found["next"]).json()["items"][0]) == {"slug", "usd_new"}


def test_a_dot_leads_into_a_field_and_through_a_list(client):
    answer = client.post(
        "/recommend?fields=verdict,scenario.number,picks.hardware.name", json={"workload": TRAIN["workload"]}
    )

    told = answer.json()
    assert set(told) == {"verdict", "scenario", "picks"}
    assert set(told["scenario"]) == {"number"}
    assert all(set(pick) == {"hardware"} and set(pick["hardware"]) == {"name"} for pick in told["picks"])


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/hardware/RTX 4090?fields=slug,peak_tflops.fp16,prices.usd", {"slug", "peak_tflops", "prices"}),
        ("/models/llama-3.1-8b?fields=slug,spec.num_hidden_layers", {"slug", "spec"}),
        ("/recommend?task=learn&fields=verdict", {"verdict"}),
        ("/readyz?fields=status", {"status", "catalogue_revision"}),
    ],
)
def test_one_entry_and_an_answer_with_a_link_can_be_cut_down(client, path, names):
    assert set(client.get(path).json()) == names


def test_a_plain_list_is_cut_down_by_its_entries(client):
    assert client.get("/tiers?fields=slug").json()[0] == {"slug": "none"}


def test_what_is_inside_change_goes_by_the_names_of_the_answer(client):
    told = client.post("/recommend?fields=what_would_change_this.if", json=LEARN).json()

    assert all(set(one) == {"if"} for one in told["what_would_change_this"])


@pytest.mark.parametrize(
    ("path", "body", "near"),
    [
        ("/recommend?fields=verdikt", LEARN, "verdict"),
        ("/estimate?fields=throughput.totl", TRAIN, "total"),
        ("/recommend?fields=meets_limits", LEARN, ""),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest(client, path, body, near):
    answer = client.post(path, json=body)

    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/fields"
    assert near in " ".join(error["suggestions"])


def test_a_cut_down_answer_is_kept_by_caches_too(client):
    first = client.get("/hardware?fields=slug")

    assert client.get("/hardware?fields=slug", headers={"if-none-match": first.headers["etag"]}).status_code == 304


@pytest.mark.parametrize("path", ["/healthz", "/hardware", "/recommend?task=learn", "/docs", "/metrics"])
def test_a_head_has_the_headers_of_the_get_and_nothing_else(client, path):
    whole, head = client.get(path), client.head(path)

    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]


def test_the_field_is_described_once_for_every_answer_that_has_it(client):
    paths = client.get("/openapi.json").json()["paths"]

    for path in ("/hardware", "/hardware/{slug}", "/recommend", "/tiers", "/accuracy"):
        names = [parameter["name"] for parameter in paths[path]["get"].get("parameters", [])]
        assert names.count("fields") == 1
    assert [one["name"] for one in paths["/fit"]["post"]["parameters"]] == ["fields"]

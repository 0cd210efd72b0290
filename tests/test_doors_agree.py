"""One question gets the same numbers at every door."""

import json
from urllib.parse import parse_qsl, urlsplit

import anyio
import pytest
from mcp.client import Client
from typer.testing import CliRunner

from app import formatting
from app.cli import build
from app.contract.flat_query import query_string
from app.contract.requests import RecommendRequest
from app.mcp.tools import build_server
from app.web.pages.picks import SHOWN_OFFERS

QUESTIONS = {
    "learn": {"workload": {"task": "learn"}, "constraints": {"budget_usd": 0}},
    "table": {
        "workload": {"task": "classical", "algorithm": "xgboost", "dataset": {"rows": 5e6, "columns": 80}},
        "constraints": {"existing_hardware": [{"accelerator": "GTX 1080"}]},
    },
    "pictures": {
        "workload": {"task": "train", "domain": "vision", "model": {"name": "resnet50"}, "dataset": {"samples": 2e5}},
        "constraints": {"portable": True, "considering": [{"description": "a laptop with an RTX 4060"}]},
    },
    "language": {
        "workload": {"task": "finetune", "domain": "text", "model": {"name": "llama-3.1-8b"}, "method": "qlora"},
        "constraints": {"vendors": ["NVIDIA", "AMD"], "deadline_hours": 48, "country": "DE"},
    },
    "cluster": {
        "workload": {
            "task": "pretrain",
            "domain": "text",
            "model": {"parameters": 3e10, "architecture": "decoder"},
            "dataset": {"tokens": 1e12},
        },
        "constraints": {"ownership": "rent"},
    },
}


def numbers(value: object, path: str = "") -> dict[str, float]:
    """Every number of an answer by its place."""
    if isinstance(value, dict):
        return {place: one for name, part in value.items() for place, one in numbers(part, f"{path}/{name}").items()}
    if isinstance(value, list):
        return {
            place: one for index, part in enumerate(value) for place, one in numbers(part, f"{path}/{index}").items()
        }
    return {path: value} if isinstance(value, int | float) and not isinstance(value, bool) else {}


@pytest.fixture
def command_line(client, database_url, monkeypatch):
    """The program's standard output, on the database of the application under test."""
    monkeypatch.setenv("WHICHRIG_DATABASE_URL", database_url)

    def run(*arguments: str, given: str | None = None) -> str:
        done = CliRunner().invoke(build(), list(arguments), input=given)
        assert done.exit_code == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(params=QUESTIONS.values(), ids=QUESTIONS)
def question(request) -> dict:
    return request.param


@pytest.fixture
def posted(client, question) -> dict:
    """What POST /recommend answers: the other doors are held against it."""
    return client.post("/recommend", json=question).json()


def test_the_link_agrees_with_the_post(client, question, posted):
    query = query_string(RecommendRequest.model_validate(question))

    linked = client.get(f"/recommend?{query}").json()

    assert len(numbers(posted)) > 10
    assert numbers(linked) == numbers(posted)
    assert linked["verdict"] == posted["verdict"]


def test_the_command_line_agrees_with_the_post(command_line, question, posted):
    told = json.loads(command_line("recommend", "--json", "-", given=json.dumps(question)))

    assert numbers(told) == numbers(posted)
    assert told["warnings"] == posted["warnings"]


def test_the_options_agree_with_the_post(command_line, question, posted):
    pairs = parse_qsl(urlsplit(posted["links"]["permalink"]).query)
    switches = {"true": "--{}", "false": "--no-{}"}
    options = [switches.get(value, "--{}={}").format(name.replace("_", "-"), value) for name, value in pairs]

    told = json.loads(command_line("recommend", *options, "--output", "json"))

    assert numbers(told) == numbers(posted)


def test_a_batch_agrees_with_the_post(command_line, question, posted):
    told = json.loads(command_line("recommend", "--batch", "-", given=json.dumps({"id": "one", **question})))

    assert told.pop("id") == "one"
    assert numbers(told) == numbers(posted)


def test_the_protocol_agrees_with_the_post(client, question, posted):
    server = build_server(client.app.state.catalogue.current, public_url="http://testserver")

    async def ask():
        async with Client(server) as asking:
            return (await asking.call_tool("recommend", question)).structured_content

    told = anyio.run(ask)

    assert told["memory_gib"] == (posted["need"]["memory_gib"] or None)
    assert [pick["hardware"] for pick in told["picks"]] == [pick["hardware"] for pick in posted["picks"]]
    assert [pick["duration_hours"] for pick in told["picks"]] == [
        pick["estimate"]["duration_hours"] for pick in posted["picks"]
    ]
    assert [offer["usd_per_hour"] for offer in told["cloud"]] == [
        offer["usd_per_hour"] for offer in posted["cloud"][: len(told["cloud"])]
    ]
    assert (told["verdict"], told["link"]) == (posted["verdict"], posted["links"]["html"])


def test_a_pick_agrees_with_its_estimate_at_the_length_that_the_answer_names(client, question, posted):
    lengths = {each["field"]: each["value"] for each in posted["assumptions"] if each["field"] == "sequence_length"}
    workload = question["workload"] | lengths
    for pick in posted["picks"]:
        hardware = {"accelerator": pick["hardware"]["accelerator"], "count": pick["hardware"]["count"]}
        alone = client.post("/estimate", json={"workload": workload, "hardware": hardware}).json()

        same = ("memory_gib_per_device", "usable_memory_gib", "fit", "throughput", "step_ms")
        assert {name: alone[name] for name in same} == {name: pick["estimate"][name] for name in same}


def test_the_page_agrees_with_the_post(browser, posted):
    page = browser.get(posted["links"]["html"])

    told = [float(one["value"]) for one in page.select("data[value]")]
    need, picks, cloud = posted["need"]["memory_gib"], posted["picks"], posted["cloud"]
    runs = [pick["estimate"]["duration_hours"] for pick in picks] + [offer["hours"] for offer in cloud[:SHOWN_OFFERS]]
    expected = [need["expected"]] if need else []
    expected += [offer["usd_per_hour"] for offer in cloud] + [run["expected"] for run in runs if run]
    assert told == expected
    assert (page.heading, page.select_one("h1")["data-scenario"]) == (
        posted["verdict"],
        str(posted["scenario"]["number"]),
    )


def test_the_page_shows_every_range_as_the_post_has_it(browser, posted):
    text = browser.get(posted["links"]["html"]).get_text(" ", strip=True)

    shown = [formatting.gib(part["gib"]) for part in posted["need"]["breakdown"]]
    shown += [formatting.gib(pick["estimate"]["usable_memory_gib"]) for pick in posted["picks"]]
    prices = [pick["price_usd"] for pick in posted["picks"]] + [offer["total_usd"] for offer in posted["cloud"]]
    shown += [formatting.usd_between(price["low"], price["high"]) for price in prices if price]
    assert [one for one in shown if one not in text] == []

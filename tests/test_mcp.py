"""The Model Context Protocol, by its official client: in this process, over a port and over standard input and output."""

import json
import subprocess
import sys
from collections import Counter
from functools import partial

import anyio
import httpx
import pytest
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.stdio import stdio_client

from app.mcp.tools import build_server

FINETUNE = {"task": "finetune", "domain": "text", "model": {"name": "llama-3.1-8b"}, "method": "qlora"}
PICTURES = {"task": "train", "domain": "vision", "model": {"name": "resnet-50"}, "dataset": {"samples": 2e5}}
TOOLS = {"recommend", "estimate", "fit", "compare", "search_hardware"}
MOST_LISTED = 32_000
"""Letters of the whole list of tools, which a client reads into every conversation."""
MOST_WORDS = 1_200
"""Of one answer, as indented JSON: longer ones crowd a conversation out."""


async def _call(server, tool: str, arguments: dict):
    async with Client(server) as client:
        return await client.call_tool(tool, arguments)


async def _tools(server):
    async with Client(server) as client:
        return (await client.list_tools()).tools


@pytest.fixture
def call(client):
    """Call a tool of a server in this process, on the catalogue of the application under test."""
    server = build_server(client.app.state.catalogue.current, public_url="https://rig.example.org")

    def run(tool: str, **arguments):
        return anyio.run(partial(_call, server, tool, arguments))

    return run


@pytest.fixture
def stdio(client, database_url):
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-c", "from app.cli import main; main()", "mcp"],
        env={"WHICHRIG_DATABASE_URL": database_url},
    )
    return stdio_client(parameters)


def test_every_tool_has_typed_input_and_output(client):
    tools = anyio.run(_tools, build_server(client.app.state.catalogue.current, public_url=""))

    assert {tool.name for tool in tools} == TOOLS
    assert all(tool.output_schema["properties"] and tool.description for tool in tools)
    workload = next(tool for tool in tools if tool.name == "recommend").input_schema["$defs"]["Workload"]
    assert workload["required"] == ["task"]
    assert "qlora" in workload["properties"]["method"]["enum"]
    assert sum(len(tool.model_dump_json(by_alias=True, exclude_none=True)) for tool in tools) < MOST_LISTED


def test_a_recommendation_is_short_and_links_to_its_page(call, client):
    answer = call("recommend", workload=FINETUNE)

    assert len(answer.content[0].text.split()) < MOST_WORDS
    assert answer.structured_content["link"].startswith("https://rig.example.org/result?task=finetune")
    assert (
        answer.structured_content["verdict"] == client.post("/recommend", json={"workload": FINETUNE}).json()["verdict"]
    )


def test_an_estimate_has_the_numbers_of_the_api(call, client):
    asked = {"workload": PICTURES, "hardware": {"accelerator": "RTX 4090", "count": 2}}

    told = call("estimate", **asked).structured_content
    expected = client.post("/estimate", json=asked).json()

    assert told["hardware"] == {
        "accelerator": "geforce-rtx-4090", "name": "GeForce RTX 4090", "count": 2, "nodes": 1, "description": None,
    }  # fmt: skip
    assert told["throughput"] == expected["throughput"]["total"]
    assert told["duration_hours"] == expected["duration_hours"]
    assert told["memory_gib_per_device"]["expected"] == expected["memory_gib_per_device"]["expected"]


def test_a_comparison_keeps_the_order_and_names_the_fastest(call):
    systems = [{"accelerator": "l4"}, {"accelerator": "h100-sxm5-80gb"}, {"accelerator": "RTX 4090"}]

    told = call("compare", workload=PICTURES, hardware=systems).structured_content

    assert [one["hardware"]["accelerator"] for one in told["systems"]] == ["l4", "h100-sxm5-80gb", "geforce-rtx-4090"]
    assert told["fastest"] == "1 x h100-sxm5-80gb"


@pytest.mark.parametrize("count", [1, 5])
def test_a_comparison_takes_two_to_four_systems(call, count):
    answer = call("compare", workload=PICTURES, hardware=[{"accelerator": "l4"}] * count)

    assert answer.is_error
    assert answer.content[0].text.startswith("hardware: ")


def test_what_hardware_can_do_is_short_and_agrees_with_the_api(call, client):
    asked = {
        "hardware": [{"accelerator": "RTX 3090", "count": 2}, {"description": "NVIDIA GTX 1060, 6144 MiB"}],
        "system_memory_gb": 64,
    }

    answer = call("fit", **asked)
    told, expected = answer.structured_content, client.post("/fit", json=asked).json()

    assert (told["verdict"], told["counts"]) == (expected["verdict"], expected["counts"])
    assert {group["fit"]: len(group["jobs"]) for group in told["jobs"]} == Counter(
        job["fit"] for job in expected["jobs"]
    )
    assert len(answer.content[0].text.split()) < MOST_WORDS
    page = client.get(told["link"].removeprefix("https://rig.example.org"), headers={"accept": "text/html"})
    assert expected["verdict"] in page.text


def test_hardware_is_found_by_any_of_its_names(call):
    told = call("search_hardware", name="4090", memory_gib_min=20, limit=2).structured_content

    assert told["devices"][0]["slug"] == "geforce-rtx-4090"
    assert told["devices"][0]["memory_gib"] == 24
    assert told["total"] >= len(told["devices"]) == 2


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("recommend", {"workload": {"task": "fly"}}, "workload.task: Choose train, finetune"),
        ("recommend", {"workload": {"task": "train", "model": {"name": "resnet-5"}}}, "resnet50"),
        ("estimate", {"workload": PICTURES, "hardware": {"accelerator": "RTX 40900"}}, "geforce-rtx-4090"),
        ("search_hardware", {"name": "rtx 49090"}, "geforce-rtx-4090"),
        ("estimate", {"workload": PICTURES}, "hardware: Give a value"),
        ("fit", {"hardware": [{"accelerator": "RTX 40900"}]}, "geforce-rtx-4090"),
        ("fit", {"hardware": []}, "hardware: "),
        ("search_hardware", {"query": "4090"}, "query: There is no such argument"),
        ("search_hardware", {"memory_gib": 24}, "memory_gib_min"),
        ("search_hardware", {"kind": "card"}, "kind: Choose "),
    ],
)
def test_a_wrong_value_is_told_with_its_field_and_the_nearest_names(call, tool, arguments, told):
    answer = call(tool, **arguments)

    assert answer.is_error
    assert told in answer.content[0].text
    assert "pydantic" not in answer.content[0].text


def test_the_tools_answer_on_a_port(server_url):
    answer = anyio.run(_call, f"{server_url}/mcp", "recommend", {"workload": FINETUNE})

    assert answer.structured_content["link"].startswith(f"{server_url}/result?")


def test_a_foreign_host_and_a_foreign_page_are_refused_on_a_port(server_url):
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accepts = {"accept": "application/json, text/event-stream"}

    assert httpx.post(f"{server_url}/mcp", json=body, headers=accepts | {"host": "evil.example"}).status_code == 421
    assert (
        httpx.post(f"{server_url}/mcp", json=body, headers=accepts | {"origin": "https://evil.example"}).status_code
        == 403
    )
    assert httpx.get(f"{server_url}/healthz").status_code == 200


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_without_sessions_there_is_nothing_to_listen_to_or_to_end(client, method):
    answer = client.request(method, "/mcp", headers={"accept": "text/event-stream"})

    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


def test_the_tools_answer_on_standard_input_and_output(stdio):
    answer = anyio.run(_call, stdio, "estimate", {"workload": PICTURES, "hardware": {"accelerator": "l4"}})

    assert answer.structured_content["hardware"]["name"] == "NVIDIA L4"


def test_who_does_not_use_the_protocol_does_not_load_it():
    program = "import sys, app.main, app.commands.recommend; print('mcp' in sys.modules, 'mcp.server' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False"]


def test_the_settings_of_a_client_are_documented_as_they_work(client):
    from app.settings import ROOT

    text = (ROOT / "docs" / "mcp.md").read_text(encoding="utf-8")

    assert all(f"`{tool}`" in text for tool in TOOLS)
    assert json.loads(text.split("```json\n")[1].split("```")[0])["mcpServers"]["whichrig"]["args"] == ["mcp"]

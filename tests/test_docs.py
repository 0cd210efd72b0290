"""The documents name everything there is."""

import json
import re
from runpy import run_path

import pytest

from app.api.examples import EXAMPLES
from app.api.lists import HARDWARE_SORTS
from app.cli import COMMANDS
from app.main import ROUTERS
from app.settings import ROOT

DOCS = ROOT / "docs"


def test_every_command_is_documented():
    text = (DOCS / "cli.md").read_text(encoding="utf-8")

    assert [name for name in COMMANDS if f"`whichrig {name}" not in text] == []


def test_every_address_that_answers_json_is_documented():
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    paths = [route.path for router in ROUTERS for route in router.routes if route.include_in_schema]

    assert [path for path in paths if re.sub(r"{\w+(:path)?}", "{name}", path) not in text] == []


def test_every_filter_of_a_list_is_documented(client):
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    described = client.get("/openapi.json").json()["paths"]
    filters = {
        parameter["name"]
        for path in ("/hardware", "/models", "/cloud/offers")
        for parameter in described[path]["get"]["parameters"]
    }

    assert [name for name in sorted(filters - {"sort"}) if f"`{name}`" not in text and f"{name}=" not in text] == []


def test_every_order_of_the_hardware_is_documented():
    lists = (DOCS / "api.md").read_text(encoding="utf-8").split("## Lists")[1].split("`GET /models`")[0]

    assert [name for name in HARDWARE_SORTS if f"`{name}`" not in lists.split("sorts by")[1]] == []


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path):
    targets = re.findall(r"\]\((?!https?:|#|/|mailto:)([^)#]+)", path.read_text(encoding="utf-8"))

    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("name", ["api", "cli", "settings", "rules"])
def test_the_reference_is_what_the_program_says_of_itself(name):
    program = run_path(str(DOCS / "make_reference.py"))

    assert (DOCS / "reference" / f"{name}.md").read_text(encoding="utf-8") == program[f"{name}_text"]()


def test_the_commands_in_the_examples_are_those_that_gave_the_answers(client):
    text = (DOCS / "examples.md").read_text(encoding="utf-8")

    assert text.count("\n## ") == text.count("whichrig recommend --task") == 5


def test_the_question_in_the_readme_can_be_asked(client):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    body = re.search(r"-d '\n(.*?)'\n", text, flags=re.DOTALL)

    assert client.post("/recommend", json=json.loads(body[1])).status_code == 200


def test_the_examples_of_the_api_were_answered_by_a_script():
    assert all("answer" in example for example in json.loads(EXAMPLES.read_text(encoding="utf-8")).values())

"""The command line: results on standard output, messages on standard error, exit 0, 1 or 2."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from importlib import import_module

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from app.admin.entities import ENTITIES
from app.cli import COMMANDS, build
from app.commands import colours
from app.commands.catalogue import TABLES
from app.contract.field_help import field_help
from app.settings import ROOT

TRAIN = {"task": "train", "domain": "vision", "model": {"name": "resnet-50"}, "batch_size": 32}
ON_4090 = {"workload": TRAIN, "hardware": {"accelerator": "RTX 4090"}}


@pytest.fixture
def whichrig(client, database_url, monkeypatch):
    """Run a command in this process, on the database of the application under test."""
    monkeypatch.setenv("WHICHRIG_DATABASE_URL", database_url)

    def run(*arguments: str, given: str | None = None):
        return CliRunner().invoke(build(), list(arguments), input=given)

    return run


def test_options_make_a_question(whichrig):
    done = whichrig("estimate", "--task", "train", "--model", "resnet-50", "--accelerator", "RTX 4090", "--epochs", "2")

    assert done.exit_code == 0
    assert "memory of a device" in done.stdout
    assert "GiB" in done.stdout


def test_a_recommendation_begins_with_the_verdict(whichrig):
    question = ["recommend", "--task", "learn", "--budget-usd", "0"]

    verdict = json.loads(whichrig(*question, "--output", "json").stdout)["verdict"]

    assert whichrig(*question).stdout.startswith(verdict)


def test_json_comes_from_a_file_or_standard_input(whichrig, tmp_path):
    file = tmp_path / "question.json"
    file.write_text(json.dumps(ON_4090), encoding="utf-8")

    from_file = whichrig("estimate", "--json", str(file))
    from_input = whichrig("estimate", "--json", "-", given=json.dumps(ON_4090))

    assert json.loads(from_file.stdout) == json.loads(from_input.stdout)
    assert json.loads(from_file.stdout)["fit"] == "fits"


def test_lists_and_switches_are_options_too(whichrig):
    done = whichrig(
        "recommend", "--task", "train", "--existing-hardware", "GTX 1080", "--existing-hardware", "RTX 3090 x2",
        "--portable", "--no-spot-ok", "--image-size", "224,320", "--output", "json",
    )  # fmt: skip

    link = json.loads(done.stdout)["links"]["permalink"]
    assert "existing_hardware=GTX+1080&existing_hardware=RTX+3090+x2" in link
    assert "portable=true" in link
    assert "spot_ok=false" in link
    assert "image_size=224%2C320" in link


def test_a_batch_answers_every_line_in_order(whichrig):
    lines = [
        json.dumps({"id": "a", **ON_4090}),
        '{"id": "b", "workload": {"task": "train"',
        json.dumps({"id": "c", "workload": TRAIN, "hardware": {"accelerator": "RTX 4909"}}),
        json.dumps({"id": "d", **ON_4090}),
    ]

    done = whichrig("estimate", "--batch", "-", given="\n".join(lines))

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 0
    assert [answer["id"] for answer in answers] == ["a", "b", "c", "d"]
    assert ["error" in answer for answer in answers] == [False, True, True, False]
    assert answers[2]["error"]["errors"][0]["pointer"] == "/hardware/accelerator"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["estimate", "--task", "trian", "--accelerator", "RTX 4090"], "Did you mean train"),
        (["estimate", "--task", "train", "--accelerator", "RTX 4909"], "geforce-rtx-4090"),
        (["estimate", "--task", "train", "--accelerator", "RTX 4090", "--batch-size", "-4"], "workload.batch_size"),
        (["recommend", "--task", "train", "--batchsize", "4"], "--batch-size"),
        (["recommend"], "ask in one way"),
        (["recommend", "--task", "learn", "--json", "-"], "ask in one way"),
        (["recommend", "--json", "/nowhere/to/be/found"], "No such file"),
        (["hardware", "show", "RTX 4909"], "geforce-rtx-4090"),
        (["hardware", "list", "--sort", "colour"], "sort"),
        (["offers", "show", "g6.xlarges"], "g6.xlarge"),
        (["nonsense"], "No such command"),
    ],
)
def test_wrong_input_is_explained_on_standard_error_with_exit_2(whichrig, arguments, said):
    done = whichrig(*arguments, given="{}")

    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_a_wrong_setting_is_named(whichrig, monkeypatch):
    monkeypatch.setenv("WHICHRIG_DATABASE_URL", "mysql://somewhere")

    done = whichrig("models", "list")

    assert done.exit_code == 2
    assert "WHICHRIG_DATABASE_URL" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "held"),
    [
        (["hardware", "list", "4090"], "geforce-rtx-4090-laptop"),
        (["hardware", "show", "4090"], "bandwidth"),
        (["models", "list", "--kind", "algorithm"], "xgboost"),
        (["models", "show", "llama 3.1 8b"], "128256"),
        (["offers", "list", "--accelerator", "H100", "--pricing", "spot"], "/h"),
        (["offers", "show", "g6.xlarge"], "g6.xlarge"),
    ],
)
def test_the_catalogue_is_listed_and_shown(whichrig, arguments, held):
    told = whichrig(*arguments)
    as_json = whichrig(*arguments, "--json")

    assert (told.exit_code, as_json.exit_code) == (0, 0)
    assert held in told.stdout
    assert json.loads(as_json.stdout)


def test_a_list_is_a_spreadsheet_or_a_markdown_table_too(whichrig):
    listed = ["hardware", "list", "4090"]

    entries = json.loads(whichrig(*listed, "--json").stdout)
    rows = list(csv.DictReader(io.StringIO(whichrig(*listed, "--output", "csv").stdout)))
    head, rule, *lines = whichrig(*listed, "--output", "markdown").stdout.splitlines()

    assert [row["slug"] for row in rows] == [entry["slug"] for entry in entries]
    assert set(rows[0]) == set(entries[0])
    assert head.startswith("| SLUG | NAME |")
    assert rule == "|" + "---|" * (head.count("|") - 1)
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines] == [entry["slug"] for entry in entries]


@pytest.mark.parametrize("name", ["hardware", "models", "offers"])
def test_an_empty_spreadsheet_is_no_error(whichrig, name):
    filters = ["--provider", "nobody"] if name == "offers" else ["no such thing at all"]

    done = whichrig(name, "list", *filters, "--output", "csv")

    assert (done.exit_code, done.stdout) in {(0, ""), (2, "")}


@pytest.mark.parametrize(("budget", "status"), [("500", 3), ("2500000", 0)])
def test_the_exit_status_tells_whether_anything_meets_the_limits(whichrig, budget, status):
    question = ["--task", "finetune", "--model", "llama-3.1-70b", "--method", "full", "--ownership", "buy"]

    done = whichrig("recommend", *question, "--budget-usd", budget)

    assert done.exit_code == status
    assert bool(done.stdout)
    assert ("nothing meets all of these limits" in done.stderr) is (status == 3)


@pytest.mark.parametrize(
    ("words", "expected"),
    [("whichrig rec", "recommend"), ("whichrig recommend --prec", "--precision"), ("whichrig hardware li", "list")],
)
def test_a_shell_completes_commands_and_options(words, expected):
    environment = os.environ | {
        "_WHICHRIG_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")),
    }  # fmt: skip

    told = subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert expected in told.stdout.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_its_script(whichrig, shell):
    assert "_WHICHRIG_COMPLETE" in whichrig("completion", shell).stdout


def test_the_catalogue_is_made_and_checked(whichrig, monkeypatch, tmp_path):
    monkeypatch.setenv("WHICHRIG_DATABASE_URL", f"sqlite:///{tmp_path}/new/whichrig.db")

    made, checked = whichrig("catalogue", "init"), whichrig("catalogue", "check")

    assert (made.exit_code, checked.exit_code) == (0, 0)
    assert (tmp_path / "new" / "whichrig.db").exists()
    assert "0 of them errors" in checked.stderr


@pytest.mark.parametrize(
    ("name", "parts"), [("recommend", ("workload", "constraints")), ("estimate", ("workload", "hardware"))]
)
def test_every_field_is_an_option_with_its_sentence(whichrig, name, parts):
    told = whichrig(name, "--help").stdout

    fields = [field for part in parts for field in field_help()[part]]
    assert [field for field in fields if f"--{field.replace('_', '-')}" not in told] == []


@pytest.mark.parametrize(
    ("question", "quantity"),
    [
        (["estimate", "--task", "train", "--model", "resnet-50", "--accelerator", "4090"], "memory of a device"),
        (["recommend", "--task", "train", "--model", "resnet-50", "--domain", "vision"], "buy"),
        (["fit", "--hardware", "RTX 3090 x2"], "Photos"),
    ],
)
def test_an_answer_is_a_spreadsheet_or_a_document_too(whichrig, question, quantity):
    table, document = (whichrig(*question, "--output", form).stdout for form in ("csv", "markdown"))

    head, *rows = csv.reader(io.StringIO(table))
    assert len({len(row) for row in [head, *rows]}) == 1
    assert quantity in {row[0] for row in rows}
    assert re.search(r"^(\||#)", document, re.MULTILINE)


def test_colour_is_for_a_terminal_alone(whichrig, monkeypatch):
    question = ["recommend", "--task", "train", "--model", "resnet-50"]
    piped = whichrig(*question).stdout

    on_terminal = colours.painted(piped)

    assert "\x1b" not in piped
    assert "\x1b[1m" in on_terminal
    assert re.sub(r"\x1b\[\d+m", "", on_terminal) == piped


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_can_be_declined(monkeypatch, name, value):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert colours.wanted()

    monkeypatch.setenv(name, value)

    assert not colours.wanted()


def leaves(name: str) -> list[tuple[str, ...]]:
    command = get_command(import_module(f"app.commands.{name}").command)
    return [(name, inner) for inner in getattr(command, "commands", {})] or [(name,)]


@pytest.mark.parametrize("words", [words for name in COMMANDS for words in leaves(name)], ids=" ".join)
def test_the_help_of_every_command_has_examples_of_it(whichrig, words):
    told = whichrig(*words, "--help").stdout

    shown = told.partition("Examples:")[2].split("\n")
    assert [line for line in shown if f"whichrig {' '.join(words)}" in line]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(whichrig, name):
    done = whichrig(name, "--help")

    assert done.exit_code == 0
    assert f"whichrig {name}" in done.stdout


HEAVY = {"cel_expr_python", "fastapi", "httpx", "jinja2", "numpy", "sqlalchemy"}
PROGRAM = f"""
import atexit, sys
from app.cli import main
atexit.register(lambda: print(*sorted({HEAVY} & set(sys.modules)), file=sys.stderr))
main()
"""
"""The program, which tells at its end what it used of what takes long to load."""
COUNTING = """
import atexit, sys, typer
before = len(sys.modules)
from app.cli import main
atexit.register(lambda: print(len(sys.modules) - before, file=sys.stderr))
main()
"""
MODULES = 20
"""Fewer than these are loaded beside typer to tell what there is; loading is nearly all that takes time."""


@pytest.fixture
def installed(database_url, client):
    """Run the program as its users do."""
    environment = os.environ | {"WHICHRIG_DATABASE_URL": database_url}

    def run(*arguments: str, given: str | None = None, program: str = PROGRAM):
        return subprocess.run(
            [sys.executable, "-c", program, *arguments],
            env=environment, input=given, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def test_the_installed_program_starts_quickly(installed):
    helped = installed("--help")
    counted = installed("--help", program=COUNTING)

    assert (helped.returncode, helped.stderr.split()) == (0, [])
    assert int(counted.stderr) < MODULES


def test_a_second_answer_needs_no_database(installed):
    question = json.dumps({"id": 1, **ON_4090})

    first, second = (installed("estimate", "--batch", "-", given=question) for _ in range(2))

    assert second.stdout == first.stdout
    assert json.loads(second.stdout)["fit"] == "fits"
    assert "sqlalchemy" not in second.stderr.split()


def test_no_command_loads_anything_heavy_before_it_runs(installed):
    commands = "; ".join(f"import app.commands.{name}" for name in COMMANDS)

    loaded = installed(program=f"import sys; {commands}; print(*sorted({HEAVY} & set(sys.modules)))")

    assert loaded.stdout.split() == []


def test_tables_are_named_alike_on_the_command_line_and_in_the_administration():
    assert tuple(ENTITIES) == TABLES
    assert set(re.findall(r"--table (\S+)", (ROOT / "docs/reference/cli.md").read_text("utf-8"))) <= {*TABLES, "<str>"}


@pytest.mark.parametrize("words", [("hardware", "list"), ("prices", "runs")])
def test_a_database_that_cannot_be_used_is_told_in_one_line(monkeypatch, tmp_path, words):
    (tmp_path / "broken.db").write_bytes(b"this is no database " * 100)
    monkeypatch.setenv("WHICHRIG_DATABASE_URL", f"sqlite:///{tmp_path}/broken.db")

    done = CliRunner().invoke(build(), list(words))

    assert (done.exit_code, done.stderr) == (1, "whichrig: the database cannot be used: file is not a database\n")

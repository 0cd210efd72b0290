import json

import pytest
from typer.testing import CliRunner

from app.cli import build


@pytest.fixture
def whichrig(sqlite_copy, monkeypatch):
    """The command line, on that database."""
    monkeypatch.setenv("WHICHRIG_DATABASE_URL", sqlite_copy)

    def run(*arguments: str, given: str = ""):
        return CliRunner().invoke(build(), list(arguments), input=given)

    return run


def test_an_account_is_made_from_standard_input(whichrig):
    made = whichrig(
        "admin", "create-user", "--email", "Ada@example.org", "--role", "approver", "--password-stdin",
        given="correct horse battery\n",
    )  # fmt: skip
    short = whichrig(
        "admin", "create-user", "--email", "bob@example.org", "--role", "viewer", "--password-stdin", given="short\n"
    )

    assert (made.exit_code, made.stderr.strip()) == (0, "whichrig: made the account ada@example.org, approver")
    assert (short.exit_code, "at least 12 characters" in short.stderr) == (2, True)
    assert "ada@example.org\tapprover\tactive" in whichrig("admin", "list-users").stdout


def test_a_table_goes_out_and_comes_back_into_the_draft(whichrig, tmp_path):
    exported = whichrig("catalogue", "export", "--table", "scenarios").stdout
    file = tmp_path / "scenarios.csv"
    file.write_text(exported.replace("No GPU needed", "You need no GPU"))

    dry = whichrig("catalogue", "import", str(file), "--table", "scenarios")
    wet = whichrig("catalogue", "import", str(file), "--table", "scenarios", "--apply")

    assert "0 new, 1 changed, 3 unchanged, 0 rejected: nothing was written" in dry.stderr
    assert (wet.exit_code, "drafted" in wet.stderr) == (0, True)


def test_a_backup_takes_the_place_of_the_catalogue(whichrig, tmp_path):
    file = tmp_path / "all.jsonl"
    assert whichrig("catalogue", "backup", str(file)).exit_code == 0

    restored = whichrig("catalogue", "restore", str(file))

    assert restored.exit_code == 0
    assert "restored " in restored.stderr


def test_a_backup_that_was_altered_is_refused_and_changes_nothing(whichrig, tmp_path):
    file = tmp_path / "all.jsonl"
    assert whichrig("catalogue", "backup", str(file)).exit_code == 0
    file.write_text(file.read_text().replace('GeForce RTX 4090"', 'The Big One"'))

    refused = whichrig("catalogue", "restore", str(file))
    shown = json.loads(whichrig("hardware", "show", "geforce-rtx-4090", "--json").stdout)

    assert (refused.exit_code, "check sum differs" in refused.stderr) == (1, True)
    assert shown["name"] == "GeForce RTX 4090"


def test_a_file_that_is_no_backup_is_refused(whichrig, tmp_path):
    file = tmp_path / "other.jsonl"
    file.write_text("{}\n")

    refused = whichrig("catalogue", "restore", str(file))

    assert (refused.exit_code, "This is no catalogue" in refused.stderr) == (1, True)


def test_a_password_that_is_piped_in_is_read_without_being_told(whichrig):
    made = whichrig(
        "admin", "create-user", "--email", "kim@example.org", "--role", "editor", given="correct horse battery\n"
    )
    nothing = whichrig("admin", "create-user", "--email", "lee@example.org", "--role", "editor")

    assert (made.exit_code, nothing.exit_code) == (0, 2)
    assert "at least 12 characters" in nothing.stderr

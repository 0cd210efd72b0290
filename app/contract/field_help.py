"""What each field of a question means, in one line."""

import tomllib
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("field_help.toml")


@cache
def field_help() -> dict[str, dict[str, str]]:
    """Part of the request (workload, constraints, hardware) to flat field name to sentence."""
    with _FILE.open("rb") as file:
        return tomllib.load(file)

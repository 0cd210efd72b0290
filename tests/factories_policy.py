"""The rules of the seed as they stand in its file."""

import tomllib
from pathlib import Path


def rules_of(path: Path) -> list[dict[str, str]]:
    return tomllib.loads(path.read_text(encoding="utf-8"))["rules"]

"""Colour for people at a terminal: a text is painted by its own shape, and stays what it is without."""

import os
import re
import sys

import typer

_GOOD, _FAIR, _BAD = "green", "yellow", "red"
_WORDS = {
    "fits": _GOOD, "fits with a change": _FAIR, "tight": _FAIR, "does not fit": _BAD, "not supported": _BAD,
    "problem": _BAD, "warning": _FAIR, "note": "cyan",
}  # fmt: skip
_SAID = "|".join(re.escape(word) for word in sorted(_WORDS, key=len, reverse=True))
_PAINTED = re.compile(
    rf"""(?P<title> \A.+$ | (?<=\n\n)\S[^\n]*(?=\n\s\s) )     # the first line, and those above an indented block
       | ^(?P<severity>\ *(?:problem|warning|note))(?=:\ )     # what comes first
       | (?<=,\ )(?P<word>{_SAID})(?=,\ |$)                    # the verdict on a device in a line
       | (?<=\s\s)(?P<cell>{_SAID})(?=\s\s|$)                  # the verdict in a column
    """,
    re.MULTILINE | re.VERBOSE,
)


def show(text: str) -> None:
    """Put a text out, in colour where somebody looks who has not declined it (https://no-color.org)."""
    typer.echo(painted(text) if wanted() else text)


def wanted() -> bool:
    """Whether standard output is a terminal that shows colours."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(text: str) -> str:
    r"""The text with its titles bold and its verdicts in colour; every other character stays.

    >>> painted("It is easy.\n\nLook at\n  RTX 4090, does not fit, $2,000").count("\x1b[31m")
    1
    """
    return _PAINTED.sub(_paint, text)


def _paint(found: re.Match[str]) -> str:
    if found["title"]:
        return typer.style(found[0], bold=True)
    return typer.style(found[0], fg=_WORDS[found[0].strip()])

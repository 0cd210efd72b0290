"""A name for every request, which its answer, its log lines and its trace carry."""

import re
from contextvars import ContextVar
from uuid import uuid4

HEADER = "x-request-id"

_WELL_FORMED = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_current: ContextVar[str] = ContextVar("request_id", default="")


def begin(given: str | None) -> str:
    r"""Name the request that this task answers: as its sender calls it, or anew where that could mislead.

    >>> begin("order-17"), len(begin("two\nlines"))
    ('order-17', 32)
    """
    name = given if given and _WELL_FORMED.fullmatch(given) else uuid4().hex
    _current.set(name)
    return name


def current() -> str:
    """The name of the request that is being answered; empty outside of one."""
    return _current.get()

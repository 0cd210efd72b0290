"""Many questions at once: answers in order, an error object in place of an item that is wrong."""

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from pydantic import BaseModel

from app.contract.answer import Part
from app.contract.json_text import identity_in, parse
from app.errors import AppError, TooLarge, Unprocessable, problem_of
from app.field_problems import FieldProblem

LONGEST_LINE = 512 * 1024
"""Characters of one item: twice the largest config.json that is read."""

Request = TypeVar("Request", bound=BaseModel)

log = logging.getLogger(__name__)


def answer_lines(
    lines: Iterable[str], *, request_type: type[Request], answer: Callable[[Request], Part]
) -> Iterator[str]:
    """JSON Lines to JSON Lines; blank lines are passed over."""
    for line in lines:
        if line.strip():
            yield _answer_line(line, request_type=request_type, answer=answer)


def answer_item(item: object, *, request_type: type[Request], answer: Callable[[Request], Part]) -> str:
    """The answer to one item, as JSON with the item's id."""
    identity = None
    try:
        fields = _fields(item)
        identity = _identity(fields.pop("id", None))
        request = request_type.model_validate(fields)
        return _with_id(identity, answer(request).model_dump_json())
    except Exception as error:  # noqa: BLE001 - one item that fails must never take the others with it
        return _failure(identity, error, request_type)


def _answer_line(line: str, *, request_type: type[Request], answer: Callable[[Request], Part]) -> str:
    try:
        if len(line) > LONGEST_LINE:
            raise TooLarge(f"This line is too large: the limit is {LONGEST_LINE // 1024} KB.")
        item = parse(line)
    except AppError as error:
        return _failure(identity_in(line[:LONGEST_LINE]), error, request_type)
    return answer_item(item, request_type=request_type, answer=answer)


def _fields(item: object) -> dict[str, object]:
    if isinstance(item, dict):
        return dict(item)
    raise Unprocessable([FieldProblem("", "Send a JSON object with the fields of a request")])


def _identity(given: object) -> str | int | None:
    """What tells this item from the others; anything but text or a whole number has no meaning as one."""
    return given if isinstance(given, str | int) else None


def _failure(identity: str | int | None, error: Exception, request_type: type[BaseModel]) -> str:
    problem = problem_of(error, model=request_type)
    if problem["status"] == AppError.status:
        log.error("an item of a batch failed", exc_info=error)
    return _with_id(identity, json.dumps({"error": problem}))


def _with_id(identity: str | int | None, answer: str) -> str:
    """The id in front of a JSON object."""
    return f'{{"id":{json.dumps(identity)},{answer[1:]}'

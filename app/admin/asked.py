"""What somebody pastes as a question: the address of an answer, its fields, or a request as JSON; kept as fields."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalogue.snapshot import Snapshot
from app.contract.flat_query import decode, query_string
from app.contract.json_text import parse
from app.contract.requests import RecommendRequest
from app.errors import Unprocessable
from app.field_problems import FieldProblem, field_problems
from app.tables import SavedAnswer
from app.web.asking import is_guided, request_of

LONGEST = 2_000
MOST_TOLD = 3
_KEPT = re.compile(r"/r/(\w{4,20})$")
_NOTHING = "Paste the address of an answer, the fields of its address, or a request as JSON"


def query_of(text: str, session: Session | None = None) -> str:
    """The fields of the question that a text means; with a session, kept answers (/r/…) are known too.

    >>> query_of("https://example.org/result?task=learn#picks")
    'task=learn'
    >>> query_of('{"workload": {"task": "learn"}}')
    'task=learn'
    """
    text = text.strip()
    if text.startswith("{"):
        return _short_enough(_of_json(text))
    kept = _KEPT.search(urlsplit(text).path) if session is not None else None
    if kept is not None and session is not None:
        found = session.scalar(select(SavedAnswer.question).where(SavedAnswer.slug == kept[1]))
        if found is None:
            raise _wrong(f"There is no kept answer {kept[1]}")
        text = found
    fields = urlsplit(text).query if "?" in text else "" if text.startswith(("http", "/")) else text
    pairs = parse_qsl(fields, keep_blank_values=True)
    if not pairs:
        raise _wrong(_NOTHING)
    if not is_guided(pairs):
        _check(pairs)
    return _short_enough(urlencode(pairs))


def request_in(query: str, snapshot: Snapshot) -> RecommendRequest:
    """The request that the fields of a question mean to a catalogue."""
    return request_of(parse_qsl(query, keep_blank_values=True), snapshot)


def _of_json(text: str) -> str:
    found = parse(text.encode())
    if isinstance(found, dict) and "workload" not in found:
        found = {"workload": found}
    try:
        return query_string(RecommendRequest.model_validate(found))
    except ValidationError as error:
        raise _told(field_problems(error.errors(include_url=False), model=RecommendRequest)) from None


def _check(pairs: list[tuple[str, str]]) -> None:
    try:
        decode(pairs, in_catalogue=bool)
    except Unprocessable as error:
        raise _told(error.problems) from None


def _told(problems: list[FieldProblem]) -> Unprocessable:
    """Everything that is wrong, at the one box that the text was pasted into."""
    return Unprocessable([_at_the_box(problem) for problem in problems[:MOST_TOLD]])


def _at_the_box(problem: FieldProblem) -> FieldProblem:
    place = problem.pointer.strip("/").replace("/", " ")
    return FieldProblem("/query", f"{place}: {problem.sentence}", problem.suggestions)


def _short_enough(query: str) -> str:
    if len(query) > LONGEST:
        raise _wrong(f"The fields of this question take {len(query):,} characters; {LONGEST:,} is the most")
    return query


def _wrong(detail: str) -> Unprocessable:
    return Unprocessable([FieldProblem("/query", detail)])

"""Lists in pages: a limit, and a cursor to the next page of the same catalogue revision."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Generic, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from app.engine.workload import Frozen
from app.errors import Conflict, Unprocessable
from app.field_problems import FieldProblem

if TYPE_CHECKING:
    from fastapi import Request

Item = TypeVar("Item")

LONGEST_FIELDS = 2_000
FIELDS = (
    "Only these fields of the answer, with commas; a dot leads into a field: `verdict,picks.hardware.name`. "
    "In a list the names are those of an entry."
)
"""What the query field ``fields`` of every answer means; :mod:`app.api.sparse` does it."""

_CURSOR = re.compile(r"^(\d{1,18})-(\d{1,9})$")


class PageQuery(Frozen):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=1000, description="Entries on one page.")] = 50
    cursor: Annotated[str | None, Field(max_length=40, description="From `next` of the page before.")] = None
    fields: Annotated[str | None, Field(max_length=LONGEST_FIELDS, description=FIELDS)] = None


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    total: Annotated[int, Field(description="Entries on all pages.")]
    next: Annotated[str | None, Field(description="Address of the next page; null on the last one.")]


def page_bounds(query: PageQuery, *, revision: int, total: int) -> slice:
    """Which entries stand on this page."""
    if query.cursor is None:
        return slice(0, min(query.limit, total))
    found = _CURSOR.match(query.cursor)
    if found is None:
        raise Unprocessable([FieldProblem("/cursor", "Use the cursor from `next` of the page before")])
    if int(found[1]) != revision:
        raise Conflict("The catalogue changed since the page before. Start again without a cursor.")
    start = min(int(found[2]), total)
    return slice(start, min(start + query.limit, total))


def page(request: "Request", entries: Sequence[Item], *, bounds: slice, revision: int, total: int) -> Page[Item]:
    """The page with these entries, and the link to the next one."""
    if bounds.stop >= total:
        return Page(items=list(entries), total=total, next=None)
    fields = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    query = urlencode([*fields, ("cursor", f"{revision}-{bounds.stop}")])
    return Page(items=list(entries), total=total, next=f"{request.url.path}?{query}")

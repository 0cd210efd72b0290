"""One edit of many entries, as pages: what was ticked, what that would do, and the one reason for all of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.admin import bulk, entries
from app.admin.access import Editor
from app.admin.accounts import Caller
from app.admin.bulk import Plan, Wish
from app.admin.differences import Difference, differences
from app.admin.entities import Entity, entity_named
from app.admin.forms import ErrorLine, FormField, Frame, told
from app.errors import Unprocessable
from app.http.redirecting import see_other
from app.http.request_session import SessionDep
from app.http.templating import render

router = APIRouter(prefix="/admin", include_in_schema=False)

UNPROCESSABLE = 422
MOST_SHOWN = 100
MOST_FIELDS = 4 * bulk.MOST
ALL = "all"


@dataclass(frozen=True, slots=True)
class Ticked:
    """What was sent from a list: the entries, and what to do with them."""

    tagged: tuple[str, ...]
    """Tag and key of each entry with a colon between them."""
    fields: dict[str, str]

    @property
    def wish(self) -> Wish:
        """The edit."""
        given = {name: self.fields.get(name, "").strip() for name in ("action", "source", "name", "value")}
        return Wish(**given)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Keys with tags."""
        parts = [each.partition(":") for each in self.tagged]
        return [(key, tag) for tag, _, key in parts]


async def ticked(request: Request) -> Ticked:
    """The form of a list."""
    async with request.form(max_fields=MOST_FIELDS) as form:
        texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return Ticked(tuple(value for name, value in texts if name == "entry"), dict(texts))


TickedDep = Annotated[Ticked, Depends(ticked)]


@dataclass(frozen=True, slots=True)
class PlannedView:
    """One entry, and what would differ."""

    key: str
    url: str
    tagged: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class BulkPage:
    """What would be done, to be confirmed."""

    template: ClassVar[str] = "admin/bulk.html"

    title: str
    frame: Frame
    table: str
    table_title: str
    back_url: str
    action: str
    count: int
    wish: tuple[tuple[str, str], ...]
    """Fields that go on to the next form."""
    shown: tuple[PlannedView, ...]
    unshown: tuple[str, ...]
    """Tags and keys of those that are not listed."""
    refused: tuple[tuple[str, str], ...]
    why: FormField
    errors: tuple[ErrorLine, ...]


@router.post("/bulk/{table}")
def plan_bulk(table: str, caller: Editor, session: SessionDep, form: TickedDep) -> Response:
    """Say what an edit of many entries would do, and ask for the reason."""
    entity = entity_named(table)
    try:
        made = _planned(session, entity, form)
    except Unprocessable as error:
        lines = tuple(ErrorLine("why", told(problem)) for problem in error.problems)
        return render(_page(entity, caller, form, made=Plan(form.wish), errors=lines), status=UNPROCESSABLE)
    return render(_page(entity, caller, form, made=made))


@router.post("/bulk/{table}/draft")
def draft_bulk(table: str, caller: Editor, session: SessionDep, form: TickedDep) -> Response:
    """Put an edit of many entries into the draft, with one reason."""
    entity = entity_named(table)
    made = _planned(session, entity, form)
    why = form.fields.get("why", "").strip()
    if not why:
        errors = (ErrorLine("why", "Enter in one sentence why, for the audit trail"),)
        return render(_page(entity, caller, form, made=made, errors=errors), status=UNPROCESSABLE)
    if made.refused:
        return render(_page(entity, caller, form, made=made, errors=_left_out(made)), status=UNPROCESSABLE)
    bulk.carry_out(session, entity, made=made, why=why, actor=caller.email)
    return see_other("/admin/draft")


def _planned(session: Session, entity: Entity, form: Ticked) -> Plan:
    tagged = form.pairs
    if form.fields.get("which") == ALL:
        words, state = form.fields.get("q", "")[:100], form.fields.get("state", "")
        found = entries.listing(session, entity, words=words, state=state, most=bulk.MOST + 1)
        tagged = [(each.key, each.tag) for each in found.entries]
    return bulk.plan(session, entity, wish=form.wish, tagged=tagged, today=datetime.now(UTC).date())


def _left_out(made: Plan) -> tuple[ErrorLine, ...]:
    """Somebody was quicker between the two pages: nothing is done before it is looked at again."""
    lines = (f"{key}: {reason}. It is left out if you go on" for key, reason in made.refused)
    return tuple(ErrorLine("why", line) for line in lines)


def _page(entity: Entity, caller: Caller, form: Ticked, *, made: Plan, errors: tuple[ErrorLine, ...] = ()) -> BulkPage:
    action = bulk.ACTIONS.get(made.wish.action, "Change")
    count = len(made.planned)
    views = tuple(_view(each) for each in made.planned)
    wish = made.wish
    return BulkPage(
        title=f"{action}: {count} {'entry' if count == 1 else 'entries'}",
        frame=Frame.of(caller),
        table=entity.name,
        table_title=entity.title,
        back_url=f"/admin/entries/{entity.name}",
        action=action,
        count=count,
        wish=(("action", wish.action), ("source", wish.source), ("name", wish.name), ("value", wish.value)),
        shown=views[:MOST_SHOWN],
        unshown=tuple(each.tagged for each in views[MOST_SHOWN:]),
        refused=tuple(made.refused),
        why=FormField(
            "why",
            "Why",
            "text",
            form.fields.get("why", ""),
            hint="One sentence for the audit trail; it stands at every entry.",
            error=errors[0].text if errors else "",
        ),
        errors=errors,
    )


def _view(planned: bulk.Planned) -> PlannedView:
    now = planned.entry
    url = f"/admin/entries/{now.entity.name}/{now.key}"
    after = planned.document or now.published
    return PlannedView(now.key, url, f"{now.tag}:{now.key}", differences(now.values, after))

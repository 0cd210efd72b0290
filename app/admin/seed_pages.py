"""What differs from the seed of this version because somebody has touched it: take the seed's, or keep what is here."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from app import __version__
from app.admin import drafts, seed_upgrade
from app.admin.access import Editor, Viewer
from app.admin.differences import Difference as FieldDifference
from app.admin.differences import differences
from app.admin.entities import entity_named
from app.admin.forms import Entered, Frame
from app.admin.seed_comparison import Difference, compare
from app.errors import Unprocessable
from app.field_problems import FieldProblem
from app.http.redirecting import see_other
from app.http.request_session import SessionDep
from app.http.templating import render
from app.tables.seeding import LONGEST_IDENTITY

router = APIRouter(prefix="/admin", include_in_schema=False)

MOST_SHOWN = 100
TAKE, KEEP = "take", "keep"


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """One entry that waits."""

    name: str
    url: str
    table: str
    identity: str
    why: str
    drafted: bool
    can_take: bool
    fields: tuple[FieldDifference, ...]


@dataclass(frozen=True, slots=True)
class SeedPage:
    """What differs."""

    template: ClassVar[str] = "admin/seed.html"

    title: str
    frame: Frame
    version: str
    told: str
    entries: tuple[DifferenceView, ...]


class Decision(BaseModel):
    """What to do about one difference."""

    model_config = ConfigDict(extra="forbid")

    table: Annotated[str, Field(max_length=40)]
    identity: Annotated[str, Field(max_length=LONGEST_IDENTITY)]
    decision: Literal["take", "keep"]


@router.get("/seed")
def show_differences(caller: Viewer, session: SessionDep) -> Response:
    """Entries that are not as the seed has them."""
    found = compare(session).differences
    drafted = {(change.entity, change.key) for change in drafts.changes(session, most=MOST_SHOWN * 10)}
    shown = tuple(
        DifferenceView(
            name=f"{each.entity.name}/{each.key or each.identity}",
            url=f"/admin/entries/{each.entity.name}/{each.key}" if each.key else "",
            table=each.entity.name,
            identity=each.identity,
            why=each.why,
            drafted=(each.entity.name, each.key) in drafted,
            can_take=each.key != "" or each.seed is not None,
            fields=differences(each.here, each.seed),
        )
        for each in found[:MOST_SHOWN]
    )
    told = f"{len(found):,} entries wait for a decision." if found else "Nothing waits for a decision."
    return render(SeedPage("Differences from the seed", Frame.of(caller), __version__, told, shown))


@router.post("/seed")
def decide(caller: Editor, session: SessionDep, form: Entered) -> Response:
    """Draft what the seed has, or keep what is here."""
    decision = form.get("decision", "")
    if decision not in {TAKE, KEEP}:
        raise Unprocessable([FieldProblem("/decision", "Choose take or keep")])
    table, identity = entity_named(form.get("table", "")), form.get("identity", "")
    seed_upgrade.decide(session, table=table, identity=identity, take=decision == TAKE, actor=caller.email)
    return see_other("/admin/seed")


@router.get("/api/seed-differences")
def list_differences(_caller: Viewer, session: SessionDep) -> JSONResponse:
    """The same for programs."""
    found = compare(session).differences
    return JSONResponse({"version": __version__, "differences": [_as_json(each) for each in found]})


@router.post("/api/seed-differences")
def decide_by_program(decision: Decision, caller: Editor, session: SessionDep) -> Response:
    """The same for programs."""
    table, take = entity_named(decision.table), decision.decision == TAKE
    seed_upgrade.decide(session, table=table, identity=decision.identity, take=take, actor=caller.email)
    return Response(status_code=204)


def _as_json(found: Difference) -> dict[str, object]:
    names = {"table": found.entity.name, "identity": found.identity, "key": found.key, "why": found.why}
    return {**names, "here": found.here, "seed": found.seed}

"""CSV addresses with prices as pages: name one, say which column is what, try it, switch it off."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import select

from app.admin.access import Approver, Viewer
from app.admin.accounts import Caller
from app.admin.forms import Entered, ErrorLine, FormField, Frame, error_lines, options
from app.errors import PreconditionFailed, Unprocessable
from app.field_problems import FieldProblem
from app.http.redirecting import see_other
from app.http.request_session import SessionDep
from app.http.templating import render
from app.tables import PriceFeed

if TYPE_CHECKING:
    from app.sources.feeds import Feed

router = APIRouter(prefix="/admin", include_in_schema=False)

CONFLICT, UNPROCESSABLE = 412, 422
COLUMN, FIXED = "columns.", "fixed."


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One address in the list."""

    name: str
    title: str
    url: str
    told: str


@dataclass(frozen=True, slots=True)
class FeedsPage:
    """All addresses."""

    template: ClassVar[str] = "admin/price_feeds.html"

    title: str
    frame: Frame
    feeds: tuple[FeedLine, ...]


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """Where one field comes from."""

    label: str
    column: FormField
    fixed: FormField


@dataclass(frozen=True, slots=True)
class FeedPage:
    """One address."""

    template: ClassVar[str] = "admin/price_feed.html"

    title: str
    frame: Frame
    name: str
    action: str
    fields: tuple[FormField, ...]
    columns: tuple[ColumnRow, ...]
    version: str
    switch_url: str = ""
    enabled: bool = True
    errors: tuple[ErrorLine, ...] = ()


@router.get("/price-feeds")
def list_feeds(caller: Viewer, session: SessionDep) -> Response:
    """All addresses."""
    rows = session.scalars(select(PriceFeed).order_by(PriceFeed.name)).all()
    lines = tuple(
        FeedLine(
            row.name,
            row.title,
            f"/admin/price-feeds/{row.name}",
            row.address.split("?")[0] if row.enabled else "switched off",
        )
        for row in rows
    )
    return render(FeedsPage("CSV addresses with prices", Frame.of(caller), lines))


@router.get("/new-price-feed")
def show_new_feed(caller: Approver) -> Response:
    """The form for a new address."""
    return render(_page(caller, None, values={}))


@router.post("/new-price-feed")
def create_feed(caller: Approver, session: SessionDep, form: Entered) -> Response:
    """Name an address."""
    from app.sources import feed_store

    try:
        row = feed_store.create(session, _feed(form, name=form.get("name", "").strip()), actor=caller.email)
    except Unprocessable as error:
        return render(_page(caller, None, values=form, problems=error.problems), status=UNPROCESSABLE)
    return see_other(f"/admin/price-feeds/{row.name}")


@router.get("/price-feeds/{name}")
def show_feed(name: str, caller: Viewer, session: SessionDep) -> Response:
    """One address."""
    from app.sources import feed_store

    row = feed_store.named(session, name)
    return render(_page(caller, row, values=_values(row)))


@router.post("/price-feeds/{name}")
def save_feed(name: str, caller: Approver, session: SessionDep, form: Entered) -> Response:
    """Change how an address is read; somebody else's edit in between is shown."""
    from app.sources import feed_store

    row = feed_store.named(session, name)
    version = form.get("version", "")
    try:
        feed_store.update(
            session,
            _feed(form, name=name),
            version=int(version) if version.isdecimal() and len(version) < 9 else 0,
            actor=caller.email,
        )
    except Unprocessable as error:
        return render(_page(caller, row, values=form, problems=error.problems), status=UNPROCESSABLE)
    except PreconditionFailed as error:
        theirs = _values(row)
        problems = [FieldProblem("/title", error.detail)]
        return render(_page(caller, row, values=form, problems=problems, theirs=theirs), status=CONFLICT)
    return see_other(f"/admin/price-feeds/{name}")


@router.post("/price-feeds/{name}/switch")
def switch_feed(name: str, caller: Approver, session: SessionDep, form: Entered) -> Response:
    """Read an address again, or no more."""
    from app.sources import feed_store

    feed_store.switch(session, name, enabled=form.get("enabled") == "yes", actor=caller.email)
    return see_other(f"/admin/price-feeds/{name}")


def _feed(form: Mapping[str, str], *, name: str) -> "Feed":
    from app.sources.feeds import Feed

    def mapping(prefix: str) -> dict[str, str]:
        return {
            field.removeprefix(prefix): value.strip()
            for field, value in form.items()
            if field.startswith(prefix) and value.strip()
        }

    return Feed(
        name=name,
        title=form.get("title", "").strip(),
        address=form.get("address", "").strip(),
        licence=form.get("licence", "").strip()[:200],
        columns=mapping(COLUMN),
        fixed=mapping(FIXED),
        currency=form.get("currency", "USD"),
        price_for=form.get("price_for", "instance"),
        complete=form.get("complete") == "yes",
    )


def _values(row: PriceFeed) -> dict[str, str]:
    """A row as the form has it."""
    return {
        "title": row.title,
        "address": row.address,
        "licence": row.licence,
        "currency": row.currency,
        "price_for": row.price_for,
        "complete": "yes" if row.complete else "no",
        "version": str(row.version),
        **{f"{COLUMN}{name}": column for name, column in row.columns.items()},
        **{f"{FIXED}{name}": value for name, value in row.fixed.items()},
    }


def _page(
    caller: Caller,
    row: PriceFeed | None,
    *,
    values: Mapping[str, str],
    problems: list[FieldProblem] | None = None,
    theirs: Mapping[str, str] | None = None,
) -> FeedPage:
    from app.sources.feeds import ALL_CURRENCIES, FIELDS, FOR

    wrong = {problem.pointer.strip("/").replace("/", "."): problem.detail for problem in problems or []}

    def field(name: str, label: str, *, hint: str = "", choice: tuple[str, ...] = (), usual: str = "") -> FormField:
        value = values.get(name, usual)
        their = (theirs or {}).get(name, "")
        more: dict[str, Any] = {"error": wrong.get(name, ""), "theirs": their if their != value else ""}
        kind = "choice" if choice else "text"
        return FormField(name, label, kind, value, hint=hint, options=options(choice, value) if choice else (), **more)

    fields = [
        field("title", "What the list is called"),
        field("address", "Address", hint="Begins with https:// and can be reached by everybody."),
        field("licence", "Licence or terms"),
        field("currency", "Currency of the prices", choice=ALL_CURRENCIES, usual="USD"),
        field("price_for", "A price is for one", choice=FOR, usual="instance"),
        field(
            "complete",
            "It is the whole list of its providers",
            hint="Then an offer that is missing there is held as vanished.",
            choice=("no", "yes"),
            usual="no",
        ),
    ]
    if row is None:
        fields.insert(0, field("name", "Short name", hint="Small letters, digits and dashes, such as acme-cloud."))
    columns = tuple(
        ColumnRow(label, field(f"{COLUMN}{name}", label), field(f"{FIXED}{name}", label))
        for name, label in FIELDS.items()
    )
    known = [each.id for each in fields] + [each.id for line in columns for each in (line.column, line.fixed)]
    return FeedPage(
        title=row.title if row else "Name an address",
        frame=Frame.of(caller),
        name=row.name if row else "",
        action=f"/admin/price-feeds/{row.name}" if row else "/admin/new-price-feed",
        fields=tuple(fields),
        columns=columns,
        version=str(row.version) if row and theirs else values.get("version", ""),
        switch_url=f"/admin/price-feeds/{row.name}/switch" if row else "",
        enabled=row.enabled if row else True,
        errors=error_lines(problems or [], known),
    )

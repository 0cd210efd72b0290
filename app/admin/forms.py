"""What pages share: fields of a form, what was entered, what is wrong with it, points in time, and the frame around."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from app.admin.accounts import Caller
from app.field_problems import FieldProblem

MOST_FIELDS = 1000


@dataclass(frozen=True, slots=True)
class Frame:
    """Who is signed in, and where one can go."""

    email: str
    role: str
    can_edit: bool
    can_publish: bool

    @classmethod
    def of(cls, caller: Caller) -> "Frame":
        """The frame of a caller."""
        return cls(caller.email, caller.role, caller.may("editor"), caller.may("approver"))


@dataclass(frozen=True, slots=True)
class Option:
    """One value to choose."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class FormField:
    """One control."""

    id: str
    label: str
    type: str
    """text, date, password, email, long, choice."""
    value: str
    hint: str = ""
    error: str = ""
    options: tuple[Option, ...] = ()
    theirs: str = ""
    """What stands there now, where somebody else changed it."""
    needed: bool = False
    unit: str = ""
    """Stands behind the control."""
    suggestions: str = ""
    """Id of the list of values that are offered while typing."""

    @property
    def autocomplete(self) -> str:
        """What a password manager may fill in."""
        passwords = {"password": "current-password", "new_password": "new-password"}
        return {"email": "username", "password": passwords.get(self.id, "off")}.get(self.type, "")

    @property
    def described_by(self) -> str:
        """Ids of what is told about the control."""
        told = (("hint", self.hint), ("error", self.error), ("theirs", self.theirs))
        return " ".join(f"{self.id}-{name}" for name, text in told if text)


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """One line of the error summary."""

    field: str
    text: str


def options(values: Sequence[str], chosen: str, *, labels: Mapping[str, str] | None = None) -> tuple[Option, ...]:
    """The options of a choice."""
    named = labels or {}
    return tuple(Option(value, named.get(value, value or "not said"), value == chosen) for value in values)


def error_lines(problems: Sequence[FieldProblem], known: Sequence[str]) -> tuple[ErrorLine, ...]:
    """Problems as lines that lead to their control; the first control stands in where one has none."""
    return tuple(ErrorLine(target_of(problem, known), told(problem)) for problem in problems)


def told(problem: FieldProblem) -> str:
    """A problem with what was meant, perhaps."""
    meant = f". Did you mean {' or '.join(problem.suggestions)}?" if problem.suggestions else ""
    return f"{problem.sentence.rstrip('.')}{meant}"


def target_of(problem: FieldProblem, known: Sequence[str]) -> str:
    """Id of the control that a problem is about."""
    name = problem.pointer.strip("/").replace("/", ".")
    if name in known:
        return name
    return next((each for each in known if each.startswith(name + ".")), known[0])


async def entered(request: Request) -> dict[str, str]:
    """The text fields of the form that was sent."""
    async with request.form(max_fields=MOST_FIELDS) as form:
        return {name: value for name, value in form.items() if not isinstance(value, UploadFile)}


Entered = Annotated[dict[str, str], Depends(entered)]


def moment(at: datetime) -> str:
    """A point in time for people."""
    return f"{at:%Y-%m-%d %H:%M} UTC"

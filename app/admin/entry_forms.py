"""The form of one entry as its page shows it: what it is, what it says, and where that comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import Boolean, Column, Date
from sqlalchemy.orm import Session

from app.admin import drafts, rule_forms
from app.admin.accounts import Caller
from app.admin.differences import Difference, differences, flat
from app.admin.entities import CONFIDENCE, FACT_UNITS, Document, Entity
from app.admin.entries import Entry
from app.admin.forms import ErrorLine, FormField, Frame, error_lines, options, target_of, told
from app.admin.preview import Preview
from app.admin.trial_forms import TrialView
from app.advice.facts import VARIABLES
from app.field_problems import FieldProblem

FACT_PARTS = ("value", "source", "as_of", "confidence", "note")
FACT_PEDIGREE = ("source", "as_of", "confidence")
FACT_COLUMNS = ("Value", "Source", "Date", "How sure", "Note")
PEDIGREE = (
    "source", "url", "as_of", "price_as_of", "carbon_as_of", "valid_from", "last_checked", "owner", "confidence",
    "note",
)  # fmt: skip
"""Fields that say where an entry comes from; they stand together after what it says."""
UNITS = {
    "_gib": "GiB", "_gb": "GB", "_w": "W", "_kwh": "USD/kWh", "usd": "USD", "carbon_g_per_kwh": "g/kWh",
    "parameters": "parameters", "usd_per_hour_on_demand": "USD/h", "usd_per_hour_spot": "USD/h",
}  # fmt: skip
"""By the end of a field's name; whole names first."""
SHOWN_SUGGESTIONS = 600
"""Longer lists of names are left out: typing finds the nearest when the form is sent."""


@dataclass(frozen=True, slots=True)
class FactLine:
    """The controls of one number of an accelerator."""

    name: str
    unit: str
    controls: tuple[FormField, ...]

    @property
    def is_known(self) -> bool:
        """Whether anything stands there, or is wrong with it."""
        return any(field.value or field.error or field.theirs for field in self.controls)


@dataclass(frozen=True, slots=True)
class NameList:
    """Names that are offered while typing."""

    id: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EditPage:
    """The form of one entry."""

    template: ClassVar[str] = "admin/edit.html"

    title: str
    frame: Frame
    table: str
    table_title: str
    key: str
    """Empty: a new entry."""
    action: str
    tag: str
    state: str
    fields: tuple[FormField, ...]
    pedigree: tuple[FormField, ...]
    facts: tuple[FactLine, ...]
    more_facts: tuple[FactLine, ...]
    """Numbers that nobody knows yet."""
    fact_columns: tuple[str, ...]
    why: FormField
    errors: tuple[ErrorLine, ...]
    notice: str
    versus: tuple[Difference, ...]
    """Where somebody else's version and this one differ: theirs, then ours."""
    lists: tuple[NameList, ...]
    can_retire: bool
    can_discard: bool
    public_url: str
    preview: Preview
    builder: rule_forms.BuilderView | None
    """Of a rule: its condition."""
    trial: TrialView | None
    variables: tuple[tuple[str, str, str], ...]
    """What a condition may look at: name, kind, meaning."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What a form holds, and what is wrong with it."""

    values: Mapping[str, str]
    problems: Sequence[FieldProblem] = ()
    conflict: drafts.StaleEdit | None = None
    tag: str = ""
    preview: Preview | None = None
    condition: rule_forms.Entered | None = None
    add_row: bool = False
    trial: TrialView | None = None


def page(session: Session, entity: Entity, *, found: Entry | None, caller: Caller, filled: Filled) -> EditPage:
    """The page of an entry; ``found`` is None for a new one."""
    is_rule = filled.condition is not None
    fields = _fields(entity, filled, with_condition=not is_rule)
    facts = [_fact(name, filled) for name in FACT_UNITS if entity.has_facts]
    key = found.key if found else ""
    return EditPage(
        title=_title(entity, found),
        frame=Frame.of(caller),
        table=entity.name,
        table_title=entity.title,
        key=key,
        action=f"/admin/entries/{entity.name}/{key}" if found else f"/admin/new/{entity.name}",
        tag=filled.tag or (found.tag if found else ""),
        state=found.state if found else "new",
        fields=tuple(field for field in fields if field.id not in PEDIGREE),
        pedigree=tuple(field for name in PEDIGREE for field in fields if field.id == name),
        facts=tuple(each for each in facts if each.is_known),
        more_facts=tuple(each for each in facts if not each.is_known),
        fact_columns=FACT_COLUMNS,
        why=FormField("why", "Why", "text", filled.values.get("why", ""), hint="One sentence for the audit trail."),
        errors=_errors(entity, filled),
        notice=_notice(filled.conflict),
        versus=_versus(filled),
        lists=_lists(session, entity),
        can_retire=found is not None and found.published is not None and not found.retired,
        can_discard=found is not None and found.change is not None,
        public_url=filled.preview.url if filled.preview and found and found.published else "",
        preview=filled.preview or Preview.none(),
        builder=_builder(filled),
        trial=filled.trial,
        variables=tuple((v.name, v.kind, v.meaning) for v in VARIABLES.values()) if is_rule else (),
    )


def document_of(entity: Entity, form: Mapping[str, str]) -> Document:
    """The entry that a form describes; a fact without a value is none, and one that says nothing of where it comes
    from was taken today from the source of the entry."""
    document: Document = {name: form.get(name, "") for name in entity.columns}
    if entity.has_facts:
        facts: dict[str, Any] = {}
        today = datetime.now(UTC).date().isoformat()
        for name, unit in FACT_UNITS.items():
            parts = {part: form.get(f"facts.{name}.{part}", "").strip() for part in FACT_PARTS}
            if parts["value"]:
                if not any(parts[part] for part in FACT_PEDIGREE):
                    of_entry = {part: form.get(part, "") for part in ("source", "confidence")}
                    parts |= {**of_entry, "as_of": today}
                facts[name] = {**parts, "unit": unit}
        document["facts"] = facts
    return document


def _names(entity: Entity) -> list[str]:
    facts = [f"facts.{n}.{p}" for n in FACT_UNITS for p in FACT_PARTS if entity.has_facts]
    return [*entity.columns, *facts, "why"]


def _errors(entity: Entity, filled: Filled) -> tuple[ErrorLine, ...]:
    of_rows = rule_forms.lines(filled.condition) if filled.condition else ()
    return (*of_rows, *error_lines(filled.problems, _names(entity)))


def _builder(filled: Filled) -> rule_forms.BuilderView | None:
    if filled.condition is None:
        return None
    wrong = tuple(each for each in filled.problems if each.pointer == "/condition")
    return rule_forms.view(filled.condition, add_row=filled.add_row, wrong=wrong)


def _versus(filled: Filled) -> tuple[Difference, ...]:
    if filled.conflict is None:
        return ()
    return differences(filled.conflict.now.values, filled.conflict.yours)


def _lists(session: Session, entity: Entity) -> tuple[NameList, ...]:
    known = drafts.known_names(session, entity)
    return tuple(
        NameList(f"names-{name}", tuple(sorted(str(each) for each in names)))
        for name, names in known.items()
        if len(names) <= SHOWN_SUGGESTIONS
    )


def _title(entity: Entity, found: Entry | None) -> str:
    if found is None:
        return f"New in {entity.title.lower()}"
    words = entity.words(found.values)
    if words:
        return f"{words} ({found.key})"
    name = found.values.get("name") or found.values.get("title") or found.key
    return str(name)


def _notice(conflict: drafts.StaleEdit | None) -> str:
    if conflict is None:
        return ""
    change = conflict.now.change
    who = f"{change.changed_by} changed" if change else "Somebody published a change of"
    return (
        f"{who} this entry while you edited it. Both versions stand below, and nothing is lost: your values are in the"
        " fields, theirs stand above those that differ. Saving again keeps what the fields hold."
    )


def _fields(entity: Entity, filled: Filled, *, with_condition: bool) -> list[FormField]:
    names = _names(entity)
    wrong = {target_of(problem, names): told(problem) for problem in filled.problems}
    theirs = flat(filled.conflict.now.values) if filled.conflict else {}
    return [
        _field(entity, column, filled.values, wrong=wrong, theirs=theirs)
        for name, column in entity.columns.items()
        if with_condition or name != "condition"
    ]


def _field(
    entity: Entity,
    column: Column[Any],
    values: Mapping[str, str],
    *,
    wrong: Mapping[str, str],
    theirs: Mapping[str, str],
) -> FormField:
    name = column.name
    words = entity.choices.get(name)
    if isinstance(column.type, Boolean):
        words = ("false", "true")
    value = values.get(name, "")
    is_date = isinstance(column.type, Date)
    target = entity.references.get(name)
    return FormField(
        id=name,
        label=_label(name),
        type="choice" if words else "long" if entity.is_long(name) else "date" if is_date else "text",
        value=value,
        hint=_hint(entity, name),
        error=wrong.get(name, ""),
        options=options(words, value) if words else (),
        theirs=theirs.get(name, "") or "nothing" if theirs and theirs.get(name, "") != value else "",
        needed=not column.nullable and column.server_default is None,
        unit=_unit(name),
        suggestions=f"names-{target.name}" if target else "",
    )


def _label(name: str) -> str:
    labels = {
        "as_of": "date",
        "confidence": "how sure",
        "must_pass": "must pass",
        "url": "address",
        "query": "question as fields",
    }
    return labels.get(name, name.replace("_", " "))


def _unit(name: str) -> str:
    if name in UNITS:
        return UNITS[name]
    ending = next((unit for end, unit in UNITS.items() if end.startswith("_") and name.endswith(end)), "")
    return "USD" if not ending and name.startswith("usd") else ending


def _hint(entity: Entity, name: str) -> str:
    if name in entity.references:
        return f"Key of an entry in {entity.references[name].title.lower()}."
    hints = {
        "as_of": "The day it was true, like 2026-10-01.",
        "query": "Fields of its address; an address or a request as JSON is taken as well.",
        "scenarios": "Slugs of those that are right, with spaces between them. Empty: any.",
        "tiers": "Slugs of those that are right, with spaces between them. Empty: any.",
        "picks": "Slugs of hardware, one of which has to be picked. Empty: any.",
        "must_pass": "Nothing is published while its answer is wrong.",
        "tokens_meet": "By attention, whole, in equal blocks or windows; mixed: dense layers. Empty: counts decide.",
        "joins_maps": "It joins branches, shuffles channels or scales maps in extra passes.",
        "dense_1x1": "Most of its products are dense layers.",
        "dense_3x3_share": "Part of the multiply-adds in 3 x 3 convolutions over all channels, 0 to 1. Empty: unknown.",
    }
    return hints.get(name, "")


def _fact(name: str, filled: Filled) -> FactLine:
    names = [f"facts.{name}.{part}" for part in FACT_PARTS]
    wrong = {target_of(problem, names): told(problem) for problem in filled.problems if _is_about(problem, name)}
    theirs = flat(filled.conflict.now.values) if filled.conflict else {}
    controls = []
    for own, column in zip(names, FACT_COLUMNS, strict=True):
        value = filled.values.get(own, "")
        choices = options(("", *CONFIDENCE), value) if own.endswith("confidence") else ()
        other = theirs.get(own, "") or "nothing" if theirs and theirs.get(own, "") != value else ""
        label = f"{column} of {name.replace('_', ' ')}"
        kind = "choice" if choices else "text"
        listed = "names-sources" if own.endswith("source") else ""
        controls.append(
            FormField(
                own, label, kind, value, error=wrong.get(own, ""), options=choices, theirs=other, suggestions=listed
            )
        )
    unit = "" if FACT_UNITS[name] == "1" else FACT_UNITS[name]
    return FactLine(name.replace("_", " "), unit, tuple(controls))


def _is_about(problem: FieldProblem, fact: str) -> bool:
    return problem.pointer.startswith(f"/facts/{fact}/") or problem.pointer == f"/facts/{fact}"

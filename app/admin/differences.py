"""What differs between two versions of an entry, field by field."""

from dataclasses import dataclass

from app.admin.entities import Document


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not the same."""

    field: str
    before: str
    after: str


def differences(before: Document | None, after: Document | None) -> tuple[Difference, ...]:
    """The fields that differ; facts are named like ``facts.memory.value``."""
    left, right = flat(before or {}), flat(after or {})
    names = list(dict.fromkeys([*left, *right]))
    return tuple(
        Difference(name, left.get(name, ""), right.get(name, "")) for name in names if left.get(name) != right.get(name)
    )


def flat(document: Document) -> dict[str, str]:
    """An entry as the fields of a form."""
    found: dict[str, str] = {}
    for name, value in document.items():
        if isinstance(value, dict):
            found |= {f"{name}.{inner}": text for inner, text in flat(value).items()}
        else:
            found[name] = shown(value)
    return found


def shown(value: object) -> str:
    """A value as a person types it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)

"""Rules: conditions in CEL over typed variables, checked when saved, compiled once, tried in order of priority.

Only this module knows that the conditions are CEL (the Common Expression Language). All numbers are doubles, so whole
numbers that an administrator types are read as doubles; a condition must come out true or false.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cel_expr_python import cel

from app.advice.facts import UNKNOWN, VARIABLES, Fact, Facts
from app.advice.policy import Policy, Rule

MAX_CONDITION_CHARACTERS = 2_000
"""Longest condition that is read. Shipped conditions are under 300 characters."""
_TOKEN = re.compile(
    r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|[A-Za-z_][\w.]*|\d+\.\d*(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+|.', re.DOTALL
)
_FAULT = re.compile(r":(\d+):(\d+): ([^\n]+)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']+)'")
_OVERLOAD = re.compile(r"no matching overload for '([^']+)' applied to '\(([^)]*)\)'")
_KIND_WORDS = {"string": "a text", "double": "a number", "int": "a whole number", "bool": "a yes-or-no"}
_PLACE = re.compile(r"\{([^{}:]+)(?::[^{}]*)?\}")
_CEL_TYPES = {"number": cel.Type.DOUBLE, "text": cel.Type.STRING, "yes or no": cel.Type.BOOL}
_ENVIRONMENT = cel.NewEnv(None, variables={name: _CEL_TYPES[v.kind] for name, v in VARIABLES.items()})


class RuleError(ValueError):
    """A condition or reason that cannot be used: where, why, and what comes nearest."""

    def __init__(self, message: str, *, line: int = 1, column: int = 1, suggestions: Sequence[str] = ()) -> None:
        self.message, self.line, self.column, self.suggestions = message, line, column, tuple(suggestions)
        nearest = f" Did you mean {' or '.join(suggestions)}?" if suggestions else ""
        super().__init__(f"Line {line}, column {column}: {message}.{nearest}")


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition."""

    text: str
    _expression: "cel.Expression"

    def holds(self, facts: Mapping[str, Fact]) -> bool:
        """Whether the condition is true of these facts."""
        return self.holds_in(activation(facts))

    def holds_in(self, facts: "cel.Activation") -> bool:
        """The same for facts that were made ready once for many conditions. A condition that fails does not hold."""
        try:
            return self._expression.eval(facts).value() is True
        except RuntimeError:
            return False


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule and its compiled condition."""

    rule: Rule
    condition: Condition


@dataclass(frozen=True)
class CompiledPolicy:
    """The rules of a policy, compiled, by falling priority."""

    policy: Policy
    rules: tuple[CompiledRule, ...]

    def first(self, kind: str, facts: Facts) -> Rule | None:
        """The rule of this kind that decides: the first, by priority, whose condition holds."""
        return next(iter(self._that_hold(kind, facts)), None)

    def all_that_hold(self, kind: str, facts: Facts) -> tuple[Rule, ...]:
        """Every rule of this kind whose condition holds."""
        return tuple(self._that_hold(kind, facts))

    def _that_hold(self, kind: str, facts: Facts) -> Iterator[Rule]:
        ready = activation(facts)
        return (each.rule for each in self.rules if each.rule.kind == kind and each.condition.holds_in(ready))


def activation(facts: Mapping[str, Fact]) -> "cel.Activation":
    """Facts made ready for any number of conditions."""
    return _ENVIRONMENT.Activation(dict(facts))


def compile_condition(text: str) -> Condition:
    """Check and compile a condition; a fault says where it is and which names come nearest.

    >>> compile_condition("need.cpu_hours <= 8").text
    'need.cpu_hours <= 8'
    >>> compile_condition("workload.task == 3")
    Traceback (most recent call last):
    ...
    app.advice.rules.RuleError: Line 1, column 15: == does not work between a text and a number.
    """
    if len(text) > MAX_CONDITION_CHARACTERS:
        raise RuleError(f"the condition has {len(text)} characters; {MAX_CONDITION_CHARACTERS} is the most")
    if not text.strip():
        raise RuleError("the condition is empty; write true for a rule that always holds")
    rewritten, added = _whole_numbers_as_doubles(text)
    try:
        expression = _ENVIRONMENT.compile(rewritten)
    except RuntimeError as fault:
        raise _explained(str(fault), added) from None
    if expression.return_type() != cel.Type.BOOL:
        kind = _KIND_WORDS.get(expression.return_type().name().lower(), "something else")
        raise RuleError(f"the condition must be true or false; this one is {kind}")
    _tried_once(expression)
    return Condition(text, expression)


def _tried_once(expression: "cel.Expression") -> None:
    """Refuse what compiles and then runs into CEL's own limits, such as loops in loops."""
    nothing: dict[str, Fact] = {"number": UNKNOWN, "text": "", "yes or no": False}
    try:
        expression.eval(activation({name: nothing[variable.kind] for name, variable in VARIABLES.items()}))
    except RuntimeError:
        raise RuleError("the condition takes too much work; write it without loops") from None


def check_reason(template: str) -> None:
    """Raise if a reason names a variable that does not exist."""
    for place in _PLACE.finditer(template):
        if place[1] not in VARIABLES:
            column = place.start() + 1
            raise RuleError(f"there is no variable {place[1]}", column=column, suggestions=_nearest(place[1]))


def compile_rule(rule: Rule) -> CompiledRule:
    """Check a rule's condition and reason."""
    check_reason(rule.reason)
    return CompiledRule(rule, compile_condition(rule.condition))


def compile_policy(policy: Policy) -> CompiledPolicy:
    """Compile all rules; equal priorities are tried in order of their slugs, so that the order is never chance."""
    ordered = sorted(policy.rules, key=lambda rule: (-rule.priority, rule.slug))
    return CompiledPolicy(policy, tuple(compile_rule(rule) for rule in ordered))


def _whole_numbers_as_doubles(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text with 8 written as 8.0, and for every such place its line and (new) column."""
    parts, added, line, column = [], [], 1, 1
    for token in _TOKEN.findall(text):
        part = token + ".0" if token.isdigit() else token
        if part != token:
            added.append((line, column + len(token)))
        if "\n" in part:
            line, column = line + part.count("\n"), len(part) - part.rfind("\n")
        else:
            column += len(part)
        parts.append(part)
    return "".join(parts), added


def _explained(fault: str, added: Sequence[tuple[int, int]]) -> RuleError:
    """CEL's message as ours, its column counted in the text as it was typed."""
    found = _FAULT.search(fault)
    if found is None:
        return RuleError("the condition is too deep or cannot be read")
    line, column = int(found[1]), int(found[2])
    column -= sum(2 for at_line, at_column in added if at_line == line and at_column < column)
    undeclared = _UNDECLARED.search(found[3])
    if undeclared:
        name = undeclared[1]
        return RuleError(f"there is no variable {name}", line=line, column=column, suggestions=_nearest(name))
    return RuleError(_in_plain_words(found[3]), line=line, column=column)


def _in_plain_words(message: str) -> str:
    overload = _OVERLOAD.search(message)
    if overload:
        kinds = [_KIND_WORDS.get(kind.strip(), kind.strip()) for kind in overload[2].split(",")]
        return f"{overload[1].replace('_', '').replace('@', '')} does not work between {' and '.join(kinds)}"
    return message.split(" expecting ", maxsplit=1)[0].strip().rstrip(".")


def _nearest(name: str) -> tuple[str, ...]:
    return tuple(difflib.get_close_matches(name, VARIABLES, n=2, cutoff=0.6))

"""The test bench: saved questions asked of the catalogue as it is and as it would be, and which answers differ."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import advisor, formatting
from app.admin.asked import request_in
from app.advice.decide import UndecidedError
from app.catalogue.snapshot import Snapshot
from app.contract.answer import EstimateAnswer, RecommendationAnswer
from app.errors import AppError
from app.tables import SavedQuestionRow

NOTHING = "nothing"
PARTS = ("scenario", "tier", "best", "price", "memory", "time", "cost", "others", "rent", "warnings")
"""What is compared of two answers."""
KEPT_CATALOGUES = 3


@dataclass(frozen=True, slots=True)
class Question:
    """One saved question, and what has to come out; an empty expectation accepts anything."""

    slug: str
    text: str
    query: str
    scenarios: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    picks: tuple[str, ...] = ()
    must_pass: bool = False
    origin: str = "own"

    @property
    def expects(self) -> str:
        """The expectation in words."""
        told = (("", self.scenarios), ("tier ", self.tiers), ("pick ", self.picks))
        return ", ".join(word + " or ".join(names) for word, names in told if names)


@dataclass(frozen=True, slots=True)
class Answered:
    """What matters of an answer, rounded as pages round it."""

    scenario: str
    tier: str = ""
    best: str = ""
    price: str = ""
    memory: str = ""
    """That the work needs."""
    time: str = ""
    """Of one run with the best pick, or how much of the work it does in a second."""
    cost: str = ""
    """Of one run with the best pick."""
    others: str = ""
    rent: str = ""
    warnings: tuple[str, ...] = ()
    picks: tuple[str, ...] = ()

    def differing(self, other: "Answered") -> tuple[str, ...]:
        """Names of the parts that are not the same."""
        return tuple(name for name in PARTS if getattr(self, name) != getattr(other, name))


@dataclass(frozen=True, slots=True)
class Compared:
    """One question with both answers."""

    question: Question
    before: Answered
    after: Answered

    @property
    def changed(self) -> tuple[str, ...]:
        """Which parts of the answer change."""
        return self.before.differing(self.after)

    @property
    def wrong(self) -> str:
        """What is not as it has to be; empty: all is well."""
        return wrong(self.question, self.after)

    @property
    def was_wrong(self) -> bool:
        """Whether it was so already."""
        return bool(wrong(self.question, self.before))

    @property
    def blocks(self) -> bool:
        """Whether nothing may be published while this is so."""
        return self.question.must_pass and bool(self.wrong)


def questions(session: Session) -> tuple[Question, ...]:
    """The saved questions, the administrators' own first."""
    rows = session.scalars(
        select(SavedQuestionRow)
        .where(SavedQuestionRow.retired.is_(False))
        .order_by(SavedQuestionRow.origin, SavedQuestionRow.slug)
    )
    return tuple(_question(row) for row in rows)


def wrong(question: Question, answered: Answered) -> str:
    """Where an answer is not what it has to be, in words; empty where it is."""
    faults = []
    if question.scenarios and answered.scenario not in question.scenarios:
        faults.append(f"{' or '.join(question.scenarios)}, not {answered.scenario}")
    if question.tiers and answered.tier not in question.tiers:
        faults.append(f"tier {' or '.join(question.tiers)}, not {answered.tier or NOTHING}")
    if question.picks and not set(question.picks) & set(answered.picks):
        faults.append(f"pick {' or '.join(question.picks)}, not {' or '.join(answered.picks) or NOTHING}")
    return "; ".join(faults)


def compare(before: Snapshot, after: Snapshot, *, asked: Sequence[Question]) -> list[Compared]:
    """Every question, asked of both catalogues at the same moment."""
    at = datetime.now(UTC)
    first, then = answers(before, asked, at=at), answers(after, asked, at=at)
    return [Compared(question, *pair) for question, *pair in zip(asked, first, then, strict=True)]


def failing(before: Snapshot, after: Snapshot, *, asked: Sequence[Question]) -> list[Compared]:
    """The questions that are not answered as they have to be; only these are asked of the catalogue as it is, too."""
    at = datetime.now(UTC)
    then = zip(asked, answers(after, asked, at=at), strict=True)
    found = {question: answered for question, answered in then if wrong(question, answered)}
    first = answers(before, list(found), at=at)
    return [Compared(question, *pair) for question, *pair in zip(found, first, found.values(), strict=True)]


def answers(snapshot: Snapshot, asked: Sequence[Question], *, at: datetime) -> list[Answered]:
    """What a catalogue answers to each question; what it has answered today is not worked out again."""
    known = _known(snapshot, at.date())
    for question in asked:
        if question.query not in known:
            known[question.query] = answer(snapshot, question, at=at)
    return [known[question.query] for question in asked]


def answered(snapshot: Snapshot, asked: Sequence[Question]) -> list[Answered] | None:
    """What a catalogue has answered today; None unless it was asked every question."""
    known = _known(snapshot, datetime.now(UTC).date())
    if any(question.query not in known for question in asked):
        return None
    return [known[question.query] for question in asked]


def carry(tried: Snapshot, published: Snapshot) -> None:
    """What a catalogue answers today, where its answers were worked out before it was published."""
    today = datetime.now(UTC).date()
    _known(published, today).update(_known(tried, today))


def answer(snapshot: Snapshot, question: Question, *, at: datetime) -> Answered:
    """What the catalogue answers; where it cannot, the reason stands in the place of the scenario."""
    return _or_why_not(lambda: _answer(snapshot, question, at))


def _answer(snapshot: Snapshot, question: Question, at: datetime) -> Answered:
    asked = request_in(question.query, snapshot)
    return _summary(advisor.recommend(snapshot, asked.workload, constraints=asked.constraints, at=at))


def _or_why_not(found: Callable[[], Answered]) -> Answered:
    try:
        return found()
    except AppError as error:
        return Answered(f"no answer: {error.detail[:200]}")
    except UndecidedError as error:
        return Answered(f"no answer: {str(error)[:200]}")
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:  # a draft may break what answers rest on
        return Answered(f"no answer: {type(error).__name__}")


def _summary(answer: RecommendationAnswer) -> Answered:
    names = [f"{each.hardware.count:g} × {each.hardware.name}" for each in answer.picks]
    offer = answer.cloud[0] if answer.cloud else None
    best = answer.picks[0] if answer.picks else None
    cost = best.estimate.cost_usd if best else None
    memory = answer.need.memory_gib
    return Answered(
        scenario=answer.scenario.slug,
        tier=answer.tier.slug,
        best=names[0] if names else "",
        price=f"{best.price_usd.expected:,.0f} USD" if best and best.price_usd else "",
        memory=formatting.gib(memory.expected) if memory else "",
        time=_time(best.estimate) if best else "",
        cost=formatting.usd(cost.expected) if cost else "",
        others="; ".join(names[1:]),
        rent=f"{offer.provider} {offer.instance}, {offer.usd_per_hour:.2f} USD an hour" if offer else "",
        warnings=tuple(each.text for each in answer.warnings),
        picks=tuple(each.hardware.accelerator or "" for each in answer.picks),
    )


def _time(estimate: EstimateAnswer) -> str:
    if estimate.duration_hours:
        return formatting.duration(estimate.duration_hours.expected)
    pace = estimate.throughput
    return formatting.with_unit(pace.total.expected, pace.unit) if pace and pace.total else ""


def _question(row: SavedQuestionRow) -> Question:
    return Question(
        row.slug,
        row.question,
        row.query,
        tuple(row.scenarios.split()),
        tuple(row.tiers.split()),
        tuple(row.picks.split()),
        row.must_pass,
        row.origin,
    )


_answered: list[tuple[Snapshot, date, dict[str, Answered]]] = []
"""The last used first: answers by question, of a catalogue on a day."""


def _known(snapshot: Snapshot, today: date) -> dict[str, Answered]:
    here = [each for each in _answered if each[0] is snapshot and each[1] == today] or [(snapshot, today, {})]
    others = [each for each in _answered if each is not here[0]]
    _answered[:] = [here[0], *others[: KEPT_CATALOGUES - 1]]
    return here[0][2]

"""The answer, in the order in which a person needs it: verdict, reasons, what would change it, and all the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import ClassVar, Self
from urllib.parse import parse_qsl, urlencode

from app import formatting
from app.advice.market import ExchangeRate
from app.advice.policy import Tier
from app.advice.variants import NOTHING, Variants
from app.contract.answer import AssumptionAnswer, ChangeAnswer, HostAnswer, RecommendationAnswer, RejectedAnswer
from app.contract.flat_query import PLACES
from app.languages import say, say_count
from app.learn.glossary import Run, marked
from app.questionnaire.answers import Answers
from app.web.currency import currency_in, currency_note
from app.web.labels import assumed_value, details, flat_name, label, rule_name, step_of
from app.web.pages.glance import KeyFigure, key_figures
from app.web.pages.head import PICTURE, Head
from app.web.pages.memory import MemorySection
from app.web.pages.other_ways import Ways, WhatIf
from app.web.pages.picks import OwnedView, PickView, TimeRow
from app.web.pages.questions import AnswerView, address, answer_views
from app.web.pages.rent import RentSection, by_month
from app.web.pages.scatter import Scatter
from app.web.pages.settings import settings_url
from app.web.pages.working import Sum, sums
from app.web.result_text import as_markdown

MOST_REASONS = 5
HOURS_FIELDS = {"hours_per_month", "runs_per_month"}
"""What says how much a machine is used."""
WITHOUT_CARD = 1
MANY = 10.0
"""Hours from which on fractions do not matter."""
"""Number of the scenario that needs none."""


@dataclass(frozen=True, slots=True)
class AssumedView:
    """A value nobody gave."""

    name: str
    value: str
    why: str
    change_url: str


@dataclass(frozen=True, slots=True)
class WarningView:
    """Something to know."""

    word: str
    mark: str
    css: str
    text: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class FactView:
    """A name and its value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class SourceView:
    """Where a price came from."""

    what: str
    as_of: str
    url: str
    text: str


@dataclass(frozen=True, slots=True)
class HoursForm:
    """The question once more, with other hours of use."""

    fields: tuple[tuple[str, str], ...]
    value: str

    @classmethod
    def of(cls, answer: RecommendationAnswer, query: str) -> Self | None:
        """The form; None where buying and renting are not compared."""
        found = answer.buy_or_rent
        if found is None or not found.months or found.hours_per_month is None:
            return None
        kept = tuple(pair for pair in parse_qsl(query) if pair[0] not in HOURS_FIELDS)
        return cls(
            kept, f"{found.hours_per_month:.2g}" if found.hours_per_month < MANY else f"{found.hours_per_month:.0f}"
        )


@dataclass(frozen=True, slots=True)
class KeptView:
    """That the answer is an old one that was kept, and how to have it anew."""

    slug: str
    kept_on: str
    renew_url: str


@dataclass(frozen=True, slots=True)
class ResultPage:
    """A recommendation."""

    template: ClassVar[str] = "results/show.html"

    title: str
    kicker: str
    scenario_number: int
    grade: str
    grade_meaning: str
    figures: tuple[KeyFigure, ...]
    """The answer at a glance."""
    reasons: tuple[tuple[Run, ...], ...]
    """With terms of the glossary marked, each where its section meets it first; warnings and steps too."""
    changes: tuple[ChangeAnswer, ...]
    answers: tuple[AnswerView, ...]
    assumptions: tuple[AssumedView, ...]
    memory: MemorySection | None
    picks: tuple[PickView, ...]
    rejected: tuple[str, ...]
    rent: RentSection | None
    owned: tuple[OwnedView, ...]
    times: tuple[TimeRow, ...]
    computer: tuple[FactView, ...]
    computer_reasons: tuple[str, ...]
    warnings: tuple[WarningView, ...]
    steps: tuple[tuple[Run, ...], ...]
    arithmetic: str
    """Work of the whole job, or why it is not known."""
    sums: tuple[Sum, ...]
    """The main figures with the numbers that they are made of."""
    sources: tuple[SourceView, ...]
    made: tuple[FactView, ...]
    """From which data and which version."""
    permalink: str
    json_url: str
    settings_url: str
    query: str
    """The question as the query of a link."""
    markdown: str
    check_url: str
    currency: str
    """What to know about prices where people pay in another currency."""
    kept: KeptView | None
    ways: Ways | None
    what_if: WhatIf | None
    scatter: Scatter | None
    hours: HoursForm | None
    fits_url: str
    """Every device with enough memory; empty where none is needed."""
    head: Head

    rule_url: str
    """Where the rule that decided stands."""

    @property
    def markdown_url(self) -> str:
        """The answer for notes."""
        return f"/result.md?{self.query}"

    @property
    def table_url(self) -> str:
        """What to buy and rent, for spreadsheets."""
        return f"/result.csv?{self.query}"

    @property
    def badge_url(self) -> str:
        """The answer as a small picture."""
        return f"/badge.svg?{self.query}"

    @property
    def oembed_url(self) -> str:
        """Where a publishing program learns how to embed this answer."""
        return f"{self.permalink.partition('/result?')[0]}/oembed?{urlencode({'url': self.permalink})}"

    @classmethod
    def of(
        cls,
        answer: RecommendationAnswer,
        *,
        answers: Answers,
        kept: KeptView | None = None,
        rates: Sequence[ExchangeRate] = (),
        variants: Variants = NOTHING,
        tiers: Sequence[Tier] = (),
    ) -> Self:
        """The page of an answer; ``answers`` are those of the guided path, empty when it was asked otherwise."""
        grade, meaning = details("grade", answer.need.evidence)
        query = answer.links.html.partition("?")[2]
        country = dict(parse_qsl(query)).get("country", "")
        currency = currency_in(country, rates)
        return cls(
            title=answer.verdict,
            kicker=f"{answer.scenario.title} · {answer.tier.title}",
            scenario_number=answer.scenario.number,
            grade=grade,
            grade_meaning=meaning,
            figures=key_figures(answer),
            reasons=_marked([one for one in answer.scenario.reasons if one != answer.verdict][:MOST_REASONS]),
            changes=tuple(answer.what_would_change_this),
            answers=tuple(view for view in answer_views(answers) if not view.assumed) if answers.values else (),
            assumptions=_assumptions(answer, answers),
            memory=MemorySection.of(answer),
            picks=tuple(
                PickView.of(pick, best=place == 0, currency=currency) for place, pick in enumerate(answer.picks)
            ),
            rejected=tuple(_rejected(each) for each in answer.rejected),
            rent=RentSection.of(answer, currency=currency),
            owned=tuple(OwnedView.of(owned) for owned in answer.owned),
            times=() if by_month(answer) else TimeRow.all_of(answer),
            computer=_computer(answer.host),
            computer_reasons=tuple(answer.host.reasons),
            warnings=_warnings(answer),
            steps=_marked(answer.first_steps),
            arithmetic=_arithmetic(answer),
            sums=sums(answer),
            sources=_sources(answer),
            made=_made(answer),
            permalink=answer.links.html,
            json_url=answer.links.permalink,
            settings_url=settings_url(query),
            query=query,
            markdown=as_markdown(answer),
            check_url=address("/check", answers) if answers.values else "",
            currency=currency_note(country, rates),
            kept=kept,
            ways=Ways.of(variants),
            what_if=WhatIf.of(variants, tiers),
            scatter=None if by_month(answer) else Scatter.of(answer),
            hours=None if kept else HoursForm.of(answer, query),
            fits_url=_fits_url(answer),
            head=_head(answer, query, kept=kept),
            rule_url=f"/scenarios#rule-{answer.scenario.rule}",
        )


def _fits_url(answer: RecommendationAnswer) -> str:
    need = answer.need.memory_gib
    if need is None or answer.scenario.number == WITHOUT_CARD:
        return ""
    single = all(pick.hardware.count == 1 for pick in answer.picks[:1])
    query = {"memory_gib_min": f"{ceil(need.high)}", "support": "supported", "sort": "price"}
    return "/hardware?" + urlencode(query) if single else ""


def _head(answer: RecommendationAnswer, query: str, *, kept: KeptView | None) -> Head:
    """Previews tell the verdict and why; search engines are kept off, as there are endlessly many answers."""
    base_url = answer.links.html.partition("/result?")[0]
    image_url = f"{base_url}/r/{kept.slug}{PICTURE}" if kept else f"{base_url}/result{PICTURE}?{query}"
    told = " ".join(answer.scenario.reasons)
    return Head.of(answer.verdict, told, url=answer.links.html, indexed=False, image_url=image_url)


def _assumptions(answer: RecommendationAnswer, answers: Answers) -> tuple[AssumedView, ...]:
    """What the engine assumed, and of the guided path what has no counterpart there."""
    query = answer.links.html.partition("?")[2]
    seen = [_assumed(each, query) for each in answer.assumptions]
    covered = {step_of(each.field) for each in answer.assumptions}
    guessed = [view for view in answer_views(answers) if view.assumed] if answers.values else []
    return (
        *seen,
        *(
            AssumedView(view.name, view.text, say("you did not say"), view.change_url)
            for view in guessed
            if not any(f"/q/{step}?" in f"{view.change_url}?" for step in covered if step)
        ),
    )


def _assumed(each: AssumptionAnswer, query: str) -> AssumedView:
    """A value with the way to its setting, the rest of the question kept."""
    name = flat_name(each.field)
    change = settings_url(query, name) if name in PLACES else ""
    return AssumedView(label("assumption", each.field), assumed_value(each.value, each.field), each.why, change)


def _rejected(each: RejectedAnswer) -> str:
    """The reason, with the name in front where it does not speak of it by itself."""
    name = each.hardware.name
    return each.because if name in each.because else f"{name}: {each.because}"


def _marked(texts: Sequence[str]) -> tuple[tuple[Run, ...], ...]:
    """Texts of one section with terms of the glossary, each where it is met first."""
    known = set[str]()
    return tuple(marked(text, known=known) for text in texts)


def _warnings(answer: RecommendationAnswer) -> tuple[WarningView, ...]:
    texts = _marked([warning.text for warning in answer.warnings])
    views = []
    for warning, text in zip(answer.warnings, texts, strict=True):
        word, mark, css = details("severity", warning.severity)
        views.append(WarningView(word, mark, css, text))
    return tuple(views)


def _computer(host: HostAnswer) -> tuple[FactView, ...]:
    told = [
        FactView(say("Processor"), say_count("{count} core", "{count} cores", of=host.cpu_cores, count=host.cpu_cores)),
        FactView(say("Memory (RAM)"), formatting.nominal_gib(host.ram_gb)),
        FactView(say("Disk (SSD)"), formatting.nominal_gib(host.storage_gb)),
    ]
    return (
        (*told, FactView(say("Power supply"), f"{formatting.exact(host.psu_watts)} W"))
        if host.psu_watts
        else tuple(told)
    )


def _arithmetic(answer: RecommendationAnswer) -> str:
    if answer.need.flops_total is None:
        return say("How much arithmetic the whole job takes is unknown.")
    return say("The whole job takes about {flops} of arithmetic.", flops=formatting.flops(answer.need.flops_total))


def _sources(answer: RecommendationAnswer) -> tuple[SourceView, ...]:
    """Prices to buy, then to rent; each source once."""
    priced = [
        (say("Price of {name}", name=pick.hardware.name), pick.price_usd) for pick in answer.picks if pick.price_usd
    ]
    told = [(what, price.as_of, price.source) for what, price in priced]
    told += [
        (say("{name} at {provider}", name=offer.accelerator, provider=offer.provider), offer.as_of, offer.source)
        for offer in answer.cloud
    ]
    return tuple(
        SourceView(what, formatting.day(as_of), source if source.startswith("https://") else "", source)
        for what, as_of, source in dict.fromkeys(told)
    )


def _made(answer: RecommendationAnswer) -> tuple[FactView, ...]:
    made = answer.provenance
    return (
        FactView(say("Rule that decided"), rule_name(answer.scenario.rule)),
        FactView(say("Catalogue revision"), str(made.catalogue_revision)),
        FactView(say("Engine"), made.engine_version),
        FactView(say("Computed"), f"{formatting.day(made.computed_at)}, {made.computed_at[11:16]} UTC"),
    )

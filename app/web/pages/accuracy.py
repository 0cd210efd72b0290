"""The accuracy page: how far estimates are from published measurements, by class and by source."""

import statistics
from dataclasses import dataclass
from typing import ClassVar, Self

from app import formatting
from app.accuracy.left_out import LeftOut
from app.accuracy.report import Kind, Line, Report, WorstCase
from app.accuracy.scoring import FEWEST_CASES, Score
from app.languages import say, say_count
from app.web.charts import Bar, bars
from app.web.pages.head import Head
from app.worded import worded

ABOUT = worded("Predicted against measured memory, speed and time, class by class, the worst cases included.")

METRIC_TITLES = {
    "memory_gib_per_device": worded("memory"),
    "throughput_total": worded("speed"),
    "prefill_tokens_per_s": worded("tokens read a second"),
    "decode_tokens_per_s": worded("tokens written a second"),
    "duration_hours": worded("time"),
    "classical_seconds": worded("time"),
}
KIND_TITLES = {
    "memory": (worded("Memory"), worded("Peak memory of one device")),
    "throughput": (worded("Speed"), worded("Samples or tokens a second")),
    "duration": (worded("Time of whole runs"), worded("Hours from start to end")),
    "classical": (worded("Tables"), worded("Seconds of classical methods")),
}
CLASS_TITLES = {
    "vision_infer": worded("Photos, running"),
    "vision_train": worded("Photos, training"),
    "detection_infer": worded("Detection, running"),
    "detection_train": worded("Detection, training"),
    "segmentation_infer": worded("Segmentation, running"),
    "segmentation_train": worded("Segmentation, training"),
    "llm_inference": worded("Language models, running"),
    "llm_prefill": worded("Language models, reading"),
    "llm_decode": worded("Language models, writing"),
    "llm_serving": worded("Language models, serving"),
    "llm_pretrain": worded("Language models, pretraining"),
    "llm_qlora": worded("Language models, QLoRA"),
    "llm_lora": worded("Language models, LoRA"),
    "llm_finetune_full": worded("Language models, full fine-tuning"),
    "nlp_encoder_train": worded("Text encoders, training"),
    "nlp_encoder_infer": worded("Text encoders, running"),
    "seq2seq_train": worded("Translators, training"),
    "seq2seq_infer": worded("Translators, running"),
    "recsys": worded("Recommendation"),
    "recsys_infer": worded("Recommendation, running"),
    "gan": worded("GANs"),
    "tabular": worded("Tables"),
    "diffusion": worded("Picture generation"),
    "diffusion_train": worded("Picture generation, training"),
    "video": worded("Video generation"),
    "video_infer": worded("Videos, running"),
    "video_train": worded("Videos, training"),
    "audio": worded("Speech"),
    "audio_train": worded("Speech, training"),
    "medical_3d": worded("3D scans"),
    "radiance": worded("Scenes from photos"),
    "rl": worded("Games or robots that learn by trying"),
    "science": worded("Natural science"),
}


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One class or source in a table; classes are drawn too."""

    name: str
    detail: str
    url: str | None
    cases: str
    error: str
    upper: str
    bias: str
    covered: str
    width: str
    bar: Bar | None = None


@dataclass(frozen=True, slots=True)
class KindView:
    """One kind of quantity with its table, and the way to the same by source."""

    id: str
    title: str
    meaning: str
    sentence: str
    classes: tuple[ScoreRow, ...]
    sources_url: str
    sources_named: str


@dataclass(frozen=True, slots=True)
class WorstRow:
    """A case that was missed by far."""

    work: str
    hardware: str
    said: str
    measured: str
    off_by: str
    publisher: str
    url: str | None


ALL_SHOWN = 5
"""So many sources of a class are shown at once; of more, the worst."""
WORST_SHOWN = 3


@dataclass(frozen=True, slots=True)
class LeftOutRow:
    """A class, fitted and its intervals made without the source (or generation) they are held against."""

    name: str
    metric: str
    worst: str
    others: str
    others_named: str
    error: str
    covered: str
    width: str


@dataclass(frozen=True, slots=True)
class AccuracyPage:
    """Predicted against measured."""

    template: ClassVar[str] = "accuracy/show.html"

    title: str
    lead: str
    decisions: tuple[str, ...]
    kinds: tuple[KindView, ...]
    left_out: tuple[LeftOutRow, ...]
    generations: tuple[LeftOutRow, ...]
    worst: tuple[WorstRow, ...]
    stamp: str
    head: Head

    @classmethod
    def of(cls, report: Report, *, base_url: str) -> Self:
        """The page of a report."""
        return cls(
            title=say("How accurate are the estimates?"),
            lead=say(
                "Held against {cases} published measurements from {sources} sources, worst first.",
                cases=formatting.exact(report.cases),
                sources=report.sources,
            ),
            decisions=tuple(decisions_in_words(report)),
            kinds=tuple(_kind(kind) for kind in report.kinds),
            left_out=tuple(map(_left_out, report.left_out)),
            generations=tuple(map(_left_out, report.generations)),
            worst=tuple(_worst(case) for case in report.worst),
            head=Head.of(say("How accurate are the estimates?"), say(ABOUT), url=f"{base_url}/accuracy"),
            stamp=say("Version {version}, {day}.", version=report.version, day=formatting.day(report.as_of)),
        )


@dataclass(frozen=True, slots=True)
class AccuracySourcesPage:
    """Predicted against measured, for one quantity, source by source."""

    template: ClassVar[str] = "accuracy/sources.html"

    title: str
    lead: str
    sources: tuple[ScoreRow, ...]
    head: Head

    @classmethod
    def of(cls, kind: Kind, *, base_url: str) -> Self:
        """The page of one quantity."""
        title = _by_source(kind)
        return cls(
            title=title,
            lead=_sentence(kind),
            sources=tuple(_row(line, line.title, ", ".join(map(class_title, line.classes))) for line in kind.sources),
            head=Head.of(title, say(ABOUT), url=f"{base_url}/accuracy/{kind.kind}"),
        )


def class_title(name: str) -> str:
    """A class of work in words.

    >>> class_title("llm_decode")
    'Language models, writing'
    """
    return say(CLASS_TITLES.get(name, name.replace("_", " ")))


def decisions_in_words(report: Report) -> list[str]:
    """What the estimates get right when something is decided by them."""
    ranked, fit = report.ranking, report.fit
    told = []
    if ranked.right is not None:
        told.append(
            say(
                "Of two devices on the same work, the faster one is named in {share} of {pairs} measured pairs.",
                share=formatting.percent(ranked.right),
                pairs=formatting.exact(ranked.pairs),
            )
        )
    if fit.false_fit is not None and fit.false_refusal is not None:
        told.append(
            say(
                "For cards about as large as the need, the expected memory says “fits” wrongly in {wrong} of the cases "
                "that do not fit, and refuses wrongly in {refused} of those that do.",
                wrong=formatting.percent(fit.false_fit),
                refused=formatting.percent(fit.false_refusal),
            )
        )
    if fit.known:
        told.append(
            say(
                "Of {known} runs that are only known to have fitted or to have run out of memory, the answer "
                "contradicts {contradicted}.",
                known=fit.known,
                contradicted=fit.contradicted,
            )
        )
    judged = [one for one in report.left_out if one.cases >= FEWEST_CASES]
    if judged:
        covered = statistics.fmean(one.coverage for one in judged)
        told.append(
            say(
                "The estimates were fitted on measurements like these. Intervals made without the source they are held "
                "against cover {covered} of its measurements, as the mean of {classes} classes.",
                covered=formatting.percent(covered),
                classes=len(judged),
            )
        )
    return told


def _left_out(one: LeftOut) -> LeftOutRow:
    told = [f"{part.source} {formatting.percent(part.median_error)}" for part in one.sources]
    shown = len(told) if len(told) <= ALL_SHOWN else WORST_SHOWN
    count = len(told) - shown
    return LeftOutRow(
        name=class_title(one.work_class),
        metric=say(METRIC_TITLES.get(one.metric, one.metric)),
        worst=", ".join(told[:shown]),
        others=", ".join(told[shown:]),
        others_named=say("{count} more", count=count),
        error=formatting.percent(one.median_error),
        covered=formatting.percent(one.coverage),
        width=_factor(one.width),
    )


def _titles(kind: Kind) -> tuple[str, str]:
    title, meaning = KIND_TITLES.get(kind.kind, (kind.kind.capitalize(), ""))
    return say(title), say(meaning)


def _by_source(kind: Kind) -> str:
    return say("{title} by source", title=_titles(kind)[0])


def _sentence(kind: Kind) -> str:
    pooled = kind.pooled
    return say(
        "Half of {cases} estimates are within {middle} of the measurement, four of five within {upper}; "
        "{covered} of the measurements lie inside the interval, which is meant for 80 %.",
        cases=formatting.exact(pooled.cases),
        middle=formatting.percent(pooled.median_error),
        upper=formatting.percent(pooled.upper_error),
        covered=formatting.percent(pooled.coverage),
    )


def _kind(kind: Kind) -> KindView:
    title, meaning = _titles(kind)
    drawn = bars([_bar(line.score) for line in kind.classes])
    return KindView(
        id=kind.kind,
        title=title,
        meaning=meaning,
        sentence=_sentence(kind),
        classes=tuple(
            _row(line, class_title(line.name), _sources(line.sources), bar=bar)
            for line, bar in zip(kind.classes, drawn, strict=True)
        ),
        sources_url=f"/accuracy/{kind.kind}",
        sources_named=f"{_by_source(kind)} ({formatting.exact(len(kind.sources))})",
    )


def _row(line: Line, name: str, detail: str, *, bar: Bar | None = None) -> ScoreRow:
    return ScoreRow(
        name=name,
        detail=detail,
        url=line.address,
        cases=formatting.exact(line.score.cases),
        error=formatting.percent(line.score.median_error),
        upper=formatting.percent(line.score.upper_error),
        bias=_factor(line.score.bias),
        covered=formatting.percent(line.score.coverage),
        width=_factor(line.score.width),
        bar=bar,
    )


def _sources(count: int) -> str:
    return say_count("{count} source", "{count} sources", of=count, count=count)


def _bar(score: Score) -> tuple[float, float, float, float]:
    """The outline reaches to what four of five cases stay under, the filled part to the median error."""
    middle = score.median_error or 0.0
    return (score.upper_error or 0.0, middle, middle, middle)


def _worst(case: WorstCase) -> WorstRow:
    return WorstRow(
        work=case.work,
        hardware=formatting.times(case.count, case.accelerator),
        said=formatting.with_unit(case.expected, case.unit),
        measured=formatting.with_unit(case.measured, case.unit),
        off_by=say("{factor} times", factor=formatting.number(case.off_by)),
        publisher=case.publisher,
        url=case.address,
    )


def _factor(value: float | None) -> str:
    return formatting.unknown() if value is None else formatting.local(f"{value:.2f}")

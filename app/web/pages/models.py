"""The list of models and algorithms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self
from urllib.parse import urlencode

from app import formatting
from app.engine.model_spec import DiffusionSpec, ModelSpec, NetworkSpec, TransformerSpec
from app.languages import say
from app.web.labels import label
from app.web.pages.head import Head
from app.web.pages.listing import Pages, cut
from app.worded import worded, worded_count

PATH = "/models"
NOUN = worded_count("{count} model", "{count} models")
ABOUT = worded("Language, vision, speech and other models with their sizes, and what it takes to run or to adapt each.")

_DOMAINS = {
    "cnn": "vision", "vit": "vision", "detector": "detection", "segmenter": "segmentation", "unet": "medical_3d",
    "gan": "image_generation", "mlp": "tabular", "rnn": "timeseries", "gnn": "graph", "recommender": "recommendation",
}  # fmt: skip
_SPEECH = ("whisper", "wav2vec", "hubert", "parakeet", "canary")
_SCIENCE = ("esm", "alphafold", "protein", "openfold", "boltz")


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model in the list."""

    name: str
    architecture: str
    parameters: str
    run_url: str
    adapt_url: str


@dataclass(frozen=True, slots=True)
class ModelListPage:
    """Models with these words in their names."""

    template: ClassVar[str] = "models/list.html"

    title: str
    words: str
    remark: str
    rows: tuple[ModelRow, ...]
    pages: Pages
    head: Head

    @classmethod
    def of(
        cls, found: Sequence[tuple[str, ModelSpec]], *, words: str, page: int, base_url: str, remark: str = ""
    ) -> Self:
        """The page of the models found."""
        shown, pages = cut(found, path=PATH, fields={"q": words}, page=page, noun=NOUN)
        head = Head.of(say("Models"), say(ABOUT), url=base_url + PATH, indexed=not words and page == 1)
        rows = tuple(_row(slug, spec) for slug, spec in shown)
        return cls(say("Models"), words, remark, rows, pages, head)


def question_url(task: str, slug: str, *, spec: ModelSpec) -> str:
    """Where the answer for a model stands."""
    fields = {"task": task, "domain": domain_of_model(spec, slug), "model": slug}
    return "/result?" + urlencode({name: value for name, value in fields.items() if value})


def domain_of_model(spec: ModelSpec, slug: str) -> str:
    """What a model works on, "" where its kind does not tell."""
    if slug.startswith(_SPEECH) or any(f"-{name}" in slug for name in _SPEECH):
        return "audio"
    if slug.startswith(_SCIENCE):
        return "science"
    if isinstance(spec, TransformerSpec):
        return "text"
    if isinstance(spec, DiffusionSpec):
        return "video_generation" if spec.default_frames > 1 else "image_generation"
    return _DOMAINS.get(spec.architecture, "vision") if isinstance(spec, NetworkSpec) else "tabular"


def _row(slug: str, spec: ModelSpec) -> ModelRow:
    parameters = getattr(spec, "parameters", None)
    kind = getattr(spec, "architecture", "classical")
    return ModelRow(
        name=spec.name,
        architecture=label("option_architecture", kind),
        parameters=formatting.large(parameters) if parameters else formatting.unknown(),
        run_url=question_url("inference", slug, spec=spec),
        adapt_url=question_url("finetune", slug, spec=spec),
    )

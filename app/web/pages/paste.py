"""What was understood of a pasted model, each value ready to be corrected."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from app import formatting
from app.engine.model_spec import ModelSpec, TransformerSpec
from app.languages import say
from app.web.labels import label
from app.web.pages.head import Head
from app.web.pages.questions import ErrorView
from app.web.settings_fields import settings_by_id
from app.worded import worded

PATH = "/paste"
ABOUT = worded("Paste the name of a model, its address or its config.json, and see which hardware runs or adapts it.")
TASKS = ("inference", "finetune")
SHAPE = {
    "parameters": "parameters", "active_parameters": "active_parameters", "layers": "num_hidden_layers",
    "hidden_size": "hidden_size", "ffn_size": "intermediate_size", "heads": "num_attention_heads",
    "kv_heads": "num_key_value_heads", "head_dim": "head_dim", "vocabulary": "vocab_size",
}  # fmt: skip
"""Fields of a link and what they are called in a model."""
STATES = {
    "found": worded("Found in our list of models."),
    "config": worded("Read from the config.json that you pasted."),
    "guessed": worded("Only the size is known, guessed from the name: please check it."),
    "corrected": worded("With your corrections."),
}


def shape_fields() -> tuple[str, ...]:
    """Values that can be corrected."""
    return tuple(SHAPE)


@dataclass(frozen=True, slots=True)
class Understood:
    """A model as it was understood."""

    state: str
    name: str
    architecture: str
    domain: str
    model: str
    """Name in the catalogue; empty where it came from elsewhere."""
    hf_config: str
    shape: Mapping[str, str]
    was: Mapping[str, str]
    """The shape as it was found, before corrections."""
    longest: int | None

    @classmethod
    def of_spec(cls, state: str, spec: ModelSpec, *, domain: str, model: str = "", hf_config: str = "") -> Self:
        """A model of the catalogue or of a config."""
        shape = {}
        if isinstance(spec, TransformerSpec):
            shape = {field: _exact(getattr(spec, name)) for field, name in SHAPE.items() if getattr(spec, name)}
            if spec.active_parameters == spec.parameters:
                shape.pop("active_parameters", None)
        longest = spec.max_position_embeddings if isinstance(spec, TransformerSpec) else None
        architecture = getattr(spec, "architecture", "")
        return cls(state, spec.name, architecture, domain, model, hf_config, shape, shape, longest)

    @classmethod
    def of_size(cls, name: str, parameters: float) -> Self:
        """A model of which only the size is known."""
        shape = {"parameters": _exact(parameters)}
        return cls("guessed", name, "decoder", "text", "", "", shape, shape, None)

    @classmethod
    def corrected(cls, given: Mapping[str, str]) -> Self:
        """A model as it stands in the form."""
        return cls(
            state="corrected",
            name=given.get("name", "")[:200],
            architecture=given.get("architecture", "decoder"),
            domain=given.get("domain", "text"),
            model=given.get("model", "")[:200],
            hf_config=given.get("hf_config", ""),
            shape={name: given.get(name, "") for name in SHAPE if f"was_{name}" in given},
            was={name: given.get(f"was_{name}", "") for name in SHAPE if f"was_{name}" in given},
            longest=None,
        )


@dataclass(frozen=True, slots=True)
class ShapeField:
    """One value with its box."""

    id: str
    label: str
    value: str
    was: str
    echo: str
    error: str


@dataclass(frozen=True, slots=True)
class PastePage:
    """The box; or what was understood, to be checked."""

    template: ClassVar[str] = "paste/show.html"

    title: str
    text: str
    task: str
    people: str
    sequence_length: str
    state: str
    found: Understood | None
    architecture: str
    fields: tuple[ShapeField, ...]
    longest: str
    errors: tuple[ErrorView, ...]
    head: Head

    @classmethod
    def asking(cls, text: str, *, task: str, people: str, base_url: str, error: str = "") -> Self:
        """The empty box, or the same again with what is wrong with it."""
        return cls(
            title=say("I know my model"),
            text=text,
            task=_task(task),
            people=people,
            sequence_length="",
            state="",
            found=None,
            architecture="",
            fields=(),
            longest="",
            errors=(ErrorView("pasted", error),) if error else (),
            head=Head.of(say("I know my model"), say(ABOUT), url=base_url + PATH, indexed=not text),
        )

    @classmethod
    def of(cls, found: Understood, given: Mapping[str, str], *, errors: Mapping[str, str], base_url: str) -> Self:
        """What was understood."""
        return cls(
            title=say("What we understood"),
            text=found.name,
            task=_task(given.get("task", "")),
            people=given.get("people", ""),
            sequence_length=given.get("sequence_length", ""),
            state=say(STATES[found.state]),
            found=found,
            architecture=label("option_architecture", found.architecture),
            fields=tuple(_field(found, name, value, errors) for name, value in found.shape.items()),
            longest=formatting.exact(found.longest) if found.longest else "",
            errors=tuple(ErrorView(_control(name, found), text) for name, text in errors.items()),
            head=Head.of(say("I know my model"), say(ABOUT), url=base_url + PATH, indexed=False),
        )


def _task(task: str) -> str:
    return task if task in TASKS else TASKS[0]


def _control(name: str, found: Understood) -> str:
    """The box that an error leads to."""
    return name if name in found.shape or name in {"people", "sequence_length"} else "people"


def _field(found: Understood, name: str, value: str, errors: Mapping[str, str]) -> ShapeField:
    setting = settings_by_id().get(name)
    number = float(value) if value.replace(".", "", 1).isdecimal() else 0.0
    echo = formatting.large(number) if number >= 1e6 else ""
    return ShapeField(
        id=name,
        label=say(setting.label) if setting else label("assumption", name),
        value=value,
        was=found.was.get(name, ""),
        echo=echo,
        error=errors.get(name, ""),
    )


def _exact(value: float) -> str:
    return f"{value:.0f}"

"""A model of the Hugging Face hub by its id: its config.json and the size of its weights. None of its code is run."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from app.engine.hub_config import spec_from_config
from app.engine.hub_families import FAMILIES
from app.engine.kv_cache import growth_per_token_bytes
from app.engine.workload import MAX_CONFIG_BYTES
from app.errors import NotFound, Unavailable, Unprocessable
from app.field_problems import FieldProblem
from app.sources.fetching import MIB, Document, Fetcher
from app.sources.guarding import FetchError

HUB = "https://huggingface.co"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
LARGEST_INDEX = 16 * MIB
BYTES_OF_16_BIT = 2.0
MOST_DIFFERENCE = 0.1
"""Files and config may differ by this much: heads, adapters and buffers are in one and not in the other."""
TEXT_PARTS = ("text_config", "llm_config", "language_config")
REFUSED = frozenset({401, 403})
NOT_FOUND = 404
BYTES_OF = {
    "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2, "I8": 1,
    "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1,
}  # fmt: skip
"""Of one value of each type that the format names. [bytes]"""


class HubModel(BaseModel):
    """What was read, and what it amounts to."""

    model_config = ConfigDict(frozen=True)

    hub_id: str
    architecture: str
    attention_kind: str
    parameters: float
    active_parameters: float
    num_hidden_layers: int
    hidden_size: int
    max_position_embeddings: int | None
    kv_cache_bytes_per_token: float
    """In 16 bit, for one more token of context. [bytes]"""
    weights_bytes: float | None
    """Of the files as they are published. [bytes] None: the hub does not say."""
    parameters_in_files: float | None
    notes: list[str]
    source: str
    hf_config: dict[str, Any]
    """Goes into a question as ``{"model": {"hf_config": …}}``."""


def read_model(hub_id: str, *, fetcher: Callable[..., Fetcher] = Fetcher) -> HubModel:
    """Read a model's description; gated, missing and unreachable models are told apart."""
    if not HUB_ID.fullmatch(hub_id) or ".." in hub_id:
        raise _wrong(f"Enter an id like meta-llama/Llama-3.1-8B, not “{hub_id[:60]}”")
    with fetcher(attempts=1, deadline_s=60.0) as reader:
        config = _config(reader, hub_id)
        size, counted = _size(reader, hub_id)
    try:
        spec = spec_from_config(config)
    except ValueError as error:
        raise _wrong(f"{error}. Describe the model by its number of parameters and architecture instead") from error
    notes = [*_unknown_type(config), *_notes(spec.parameters, counted)]
    return HubModel(
        hub_id=hub_id,
        architecture=spec.architecture,
        attention_kind=spec.attention_kind,
        parameters=spec.parameters,
        active_parameters=spec.active_parameters,
        num_hidden_layers=spec.num_hidden_layers,
        hidden_size=spec.hidden_size,
        max_position_embeddings=spec.max_position_embeddings,
        kv_cache_bytes_per_token=growth_per_token_bytes(spec, bytes_per_element=BYTES_OF_16_BIT),
        weights_bytes=size,
        parameters_in_files=counted,
        notes=notes,
        source=f"{HUB}/{hub_id}",
        hf_config=config,
    )


def _config(reader: Fetcher, hub_id: str) -> dict[str, Any]:
    address = f"{HUB}/{quote(hub_id)}/resolve/main/config.json"
    try:
        document = reader.get(address, largest_bytes=MAX_CONFIG_BYTES)
    except FetchError as error:
        if error.status == NOT_FOUND and (parts := _parts(reader, hub_id)):
            raise _wrong(
                f"{hub_id} holds the parts of a generator of pictures or video ({parts}), each with a config of its "
                "own: choose one of the catalogue's models, or describe it by its number of parameters"
            ) from error
        raise _told(error, hub_id) from error
    found = _json(document)
    if not isinstance(found, dict):
        raise _wrong(f"The config.json of {hub_id} cannot be read as a JSON object")
    return found


def _parts(reader: Fetcher, hub_id: str) -> str:
    """The pipeline that the parts of a generator belong to; empty where there is none."""
    try:
        index = _json(
            reader.get(f"{HUB}/{quote(hub_id)}/resolve/main/model_index.json", largest_bytes=MAX_CONFIG_BYTES)
        )
    except FetchError:
        return ""
    return str(index.get("_class_name") or "")[:60] if isinstance(index, dict) else ""


def _told(error: FetchError, hub_id: str) -> Exception:
    if error.status in REFUSED:
        return _wrong(
            f"{hub_id} is gated or private: accept its terms at {HUB}/{hub_id} and give its config.json as hf_config"
        )
    if error.status is not None and error.status < 500:
        return NotFound(f"The hub has no config.json of {hub_id}: look for the model at {HUB}/models.")
    if "more than" in str(error) or "redirects" in str(error):
        return _wrong(f"The config.json of {hub_id} cannot be read: {error}")
    return Unavailable(f"{HUB} cannot be reached ({error}). Give the model's config.json as hf_config instead.")


def _size(reader: Fetcher, hub_id: str) -> tuple[float | None, float | None]:
    """Bytes of the weights and their number, as far as the hub says; neither is worth an error."""
    size = counted = None
    for address in (
        f"{HUB}/{quote(hub_id)}/resolve/main/model.safetensors.index.json",
        f"{HUB}/api/models/{quote(hub_id)}?expand[]=safetensors",
    ):
        try:
            told = _json(reader.get(address, largest_bytes=LARGEST_INDEX))
        except FetchError:
            continue
        if isinstance(told, dict):
            size = size or _positive(_inside(told, "metadata", name="total_size")) or _by_type(told)
            counted = counted or _positive(_inside(told, "safetensors", name="total"))
    return size, counted


def _inside(told: dict[str, Any], part: str, *, name: str) -> object:
    inner = told.get(part)
    return inner.get(name) if isinstance(inner, dict) else None


def _by_type(told: dict[str, Any]) -> float | None:
    """Bytes of the files by the number of values of each type: a model in a single file has no index. [bytes]"""
    counts = _inside(told, "safetensors", name="parameters")
    if not isinstance(counts, dict) or not counts or not set(counts) <= set(BYTES_OF):
        return None
    values = [_positive(count) for count in counts.values()]
    if not all(values):
        return None
    return sum(BYTES_OF[kind] * (value or 0.0) for kind, value in zip(counts, values, strict=True))


def _positive(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


def _unknown_type(config: dict[str, Any]) -> list[str]:
    inner: dict[str, Any] = next((config[key] for key in TEXT_PARTS if isinstance(config.get(key), dict)), {})
    kind = str(inner.get("model_type") or config.get("model_type") or "")
    if kind in FAMILIES:
        return []
    told = f"We do not know the model type “{kind[:60]}”" if kind else "The config does not name its model type"
    return [f"{told}: it is read as a decoder like Llama, from the fields it has. Check the number of parameters."]


def _notes(parameters: float, counted: float | None) -> list[str]:
    if counted is None:
        return ["The hub does not say how many parameters the files hold; the number comes from config.json alone."]
    if abs(counted - parameters) > MOST_DIFFERENCE * parameters:
        return [
            (
                f"The files hold {counted:.3g} parameters, config.json describes {parameters:.3g}: "
                "quantized files count packed values, and parts such as a vision tower may be in only one of the two."
            )
        ]
    return []


def _json(document: Document) -> object:
    try:
        return json.loads(document.body)
    except (ValueError, RecursionError):
        return None


def _wrong(detail: str) -> Unprocessable:
    return Unprocessable([FieldProblem("/hub_id", detail)])

"""A model of the Hugging Face hub as a draft of the catalogue: its entry, and the source that vouches for it."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.admin import drafts, entries
from app.admin.entities import ENTITIES
from app.admin.entries import Entry
from app.catalogue.model_specs import LISTENING
from app.engine.hub_config import spec_from_config
from app.engine.model_spec import TransformerSpec
from app.errors import Conflict, NotFound, Unprocessable
from app.field_problems import FieldProblem
from app.settings import Settings
from app.tables import TransformerRow

if TYPE_CHECKING:
    from app.sources.hub import HubModel

TRANSFORMERS, SOURCES = ENTITIES["transformers"], ENTITIES["sources"]
DOMAINS = ("text", "multimodal", "vision", "audio", "science")
MODALITIES = {"decoder": "text", "encoder": "text-encoder", "encoder_decoder": "text-encdec"}
WHOLE = (
    "parameters", "active_parameters", "vision_parameters", "num_hidden_layers", "hidden_size", "intermediate_size",
    "num_attention_heads", "num_key_value_heads", "head_dim", "vocab_size", "max_position_embeddings",
    "sliding_window", "num_full_attention_layers", "num_sliding_layers", "num_linear_layers", "kv_lora_rank",
    "q_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", "num_experts", "num_experts_per_token",
    "num_shared_experts", "moe_intermediate_size", "num_dense_layers", "encoder_layers", "decoder_layers",
)  # fmt: skip
AS_THEY_ARE = ("architecture", "tie_word_embeddings", "gated_ffn", "attention_kind", "native_precision")


@dataclass(frozen=True, slots=True)
class Wish:
    """How a model is to be called here."""

    slug: str = ""
    """Empty: the last part of its id."""
    domain: str = ""
    replace: bool = False
    """Whether an entry of that name is drafted anew."""


def read(hub_id: str, settings: Settings) -> "HubModel":
    """What the hub says about a model; gated, missing and unreachable ones are told apart."""
    from functools import partial

    from app.sources.fetching import Fetcher
    from app.sources.hub import read_model

    return read_model(hub_id.strip(), fetcher=partial(Fetcher, stand_in=settings.prices_mirror))


def save(session: Session, found: "HubModel", *, wish: Wish, actor: str, today: date | None = None) -> Entry:
    """Draft the model with the source of its numbers; publishing is another step."""
    slug = wish.slug.strip() or slug_of(found.hub_id)
    domain = wish.domain or _domain(found.hf_config)
    if domain not in DOMAINS:
        raise Unprocessable([FieldProblem("/domain", f"Choose {', '.join(DOMAINS)}", list(DOMAINS))])
    day = today or datetime.now(UTC).date()
    why = f"imported from {found.source}"
    there = _there(session, slug)
    known = select(TransformerRow.slug).where(TransformerRow.hub_id == found.hub_id, TransformerRow.retired.is_(False))
    other = session.scalar(known)
    if other not in {None, slug}:
        raise Conflict(f"The catalogue has {found.hub_id} already, as {other}: replace that entry instead.")
    if there is not None and not wish.replace:
        raise Conflict(
            f"There is a model {slug} in the catalogue or in the draft already. Choose another name, or replace it."
        )
    source = _source(session, found, day=day, actor=actor)
    values = document(found, slug=slug, domain=domain, source=source, day=day)
    if there is None:
        return drafts.create(session, TRANSFORMERS, values=values, why=why, actor=actor)
    return drafts.update(session, TRANSFORMERS, key=slug, values=values, tag=there.tag, why=why, actor=actor)


def document(found: "HubModel", *, slug: str, domain: str, source: str, day: date) -> dict[str, Any]:
    """The entry of a model."""
    spec: TransformerSpec = spec_from_config(found.hf_config)
    numbers = {name: getattr(spec, name) for name in WHOLE}
    certain = found.parameters_in_files is not None and not found.notes
    counted = f"; the files hold {found.parameters_in_files:,.0f}" if found.parameters_in_files else ""
    return {
        "slug": slug,
        "name": found.hub_id.rpartition("/")[2][:200],
        "hub_id": found.hub_id,
        "family": str(found.hf_config.get("model_type") or "")[:60],
        "domain": domain,
        "modality": LISTENING if spec.listens else _modality(spec, domain),
        "kv_bytes_per_token_16bit": None,
        "source": source,
        "confidence": "high" if certain else "medium",
        "note": f"Read on {day.isoformat()}; parameters are counted from config.json{counted}.",
        **{name: None if value is None else round(value) for name, value in numbers.items()},
        **{name: getattr(spec, name) for name in AS_THEY_ARE},
    }


def _modality(spec: TransformerSpec, domain: str) -> str:
    return MODALITIES.get(spec.architecture, "text") if domain in {"text", "multimodal"} else domain


def slug_of(hub_id: str) -> str:
    """The usual name of a model here.

    >>> slug_of("meta-llama/Llama-3.1-8B")
    'llama-3.1-8b'
    """
    return re.sub(r"[^a-z0-9._+-]+", "-", hub_id.rpartition("/")[2].lower()).strip("-._+")[:120]


def _there(session: Session, slug: str) -> Entry | None:
    try:
        return entries.entry(session, TRANSFORMERS, key=slug)
    except NotFound:
        return None


def _source(session: Session, found: "HubModel", *, day: date, actor: str) -> str:
    """The key of the source that vouches for the numbers, drafted where there is none."""
    key = re.sub(r"[^a-z0-9]+", "-", f"hub {found.hub_id}".lower()).strip("-")[:120]
    try:
        entries.entry(session, SOURCES, key=key)
    except NotFound:
        values = {
            "key": key,
            "title": f"config.json of {found.hub_id} on the Hugging Face hub, read on {day.isoformat()}",
            "url": found.source,
        }
        drafts.create(session, SOURCES, values=values, why=f"source of {found.hub_id}", actor=actor)
    return key


def _domain(config: dict[str, Any]) -> str:
    """The domain that a config speaks for."""
    if isinstance(config.get("vision_config"), dict):
        return "multimodal"
    return "audio" if str(config.get("model_type", "")).startswith(("whisper", "wav2vec", "hubert")) else "text"

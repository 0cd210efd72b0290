"""Models, classical algorithms and data sets."""

from sqlalchemy import BigInteger, Boolean, Float, ForeignKey, Integer, String, false, true
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import LONG, SHORT, Base, Entry, slug_key, text


class _Model(Entry):
    slug: Mapped[str] = slug_key()
    name: Mapped[str] = mapped_column(String(SHORT))
    family: Mapped[str] = text(60)
    domain: Mapped[str] = mapped_column(String(30))
    """The contract's domain that the model works in."""
    source: Mapped[str] = mapped_column(ForeignKey("sources.key"))
    confidence: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = text(LONG)


class TransformerRow(_Model, Base):
    """A transformer in config.json vocabulary; NULL is unknown."""

    __tablename__ = "transformers"

    hub_id: Mapped[str] = text()
    modality: Mapped[str] = mapped_column(String(40))
    architecture: Mapped[str] = mapped_column(String(20))
    parameters: Mapped[int | None] = mapped_column(BigInteger)
    active_parameters: Mapped[int | None] = mapped_column(BigInteger)
    vision_parameters: Mapped[int | None] = mapped_column(BigInteger)
    num_hidden_layers: Mapped[int | None] = mapped_column(Integer)
    hidden_size: Mapped[int | None] = mapped_column(Integer)
    intermediate_size: Mapped[int | None] = mapped_column(Integer)
    num_attention_heads: Mapped[int | None] = mapped_column(Integer)
    num_key_value_heads: Mapped[int | None] = mapped_column(Integer)
    head_dim: Mapped[int | None] = mapped_column(Integer)
    vocab_size: Mapped[int | None] = mapped_column(Integer)
    tie_word_embeddings: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true())
    gated_ffn: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true())
    max_position_embeddings: Mapped[int | None] = mapped_column(Integer)
    attention_kind: Mapped[str] = mapped_column(String(20))
    sliding_window: Mapped[int | None] = mapped_column(Integer)
    num_full_attention_layers: Mapped[int | None] = mapped_column(Integer)
    num_sliding_layers: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    num_linear_layers: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    kv_lora_rank: Mapped[int | None] = mapped_column(Integer)
    q_lora_rank: Mapped[int | None] = mapped_column(Integer)
    qk_nope_head_dim: Mapped[int | None] = mapped_column(Integer)
    qk_rope_head_dim: Mapped[int | None] = mapped_column(Integer)
    v_head_dim: Mapped[int | None] = mapped_column(Integer)
    kv_bytes_per_token_16bit: Mapped[int | None] = mapped_column(Integer)
    num_experts: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    num_experts_per_token: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    num_shared_experts: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    moe_intermediate_size: Mapped[int | None] = mapped_column(Integer)
    num_dense_layers: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    encoder_layers: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    decoder_layers: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    sound_tokens_per_s: Mapped[float | None] = mapped_column(Float)
    native_precision: Mapped[str] = text(20)


class NetworkRow(_Model, Base):
    """A network known by its counts."""

    __tablename__ = "networks"

    architecture: Mapped[str] = mapped_column(String(20))
    task: Mapped[str] = text(60)
    parameters: Mapped[int] = mapped_column(BigInteger)
    macs_per_sample: Mapped[float | None] = mapped_column(Float)
    activations_per_sample: Mapped[float | None] = mapped_column(Float)
    reference_size: Mapped[str] = text(40)
    """Sizes joined by "x"; empty when the counts are of the sample as given."""
    depth: Mapped[int | None] = mapped_column(Integer)
    tokens_meet: Mapped[str] = text(20)
    """none, attention, equal_blocks, windows, mixed or a kind of triangles; empty when nobody says."""
    joins_maps: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    dense_1x1: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    dense_3x3_share: Mapped[float | None] = mapped_column(Float)


class DiffusionRow(_Model, Base):
    """A diffusion or flow model by its parts."""

    __tablename__ = "diffusion_models"

    architecture: Mapped[str] = mapped_column(String(30))
    modality: Mapped[str] = mapped_column(String(40))
    denoiser_parameters: Mapped[int] = mapped_column(BigInteger)
    text_encoder_parameters: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    vae_parameters: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    flops_per_forward: Mapped[float | None] = mapped_column(Float)
    default_height: Mapped[int] = mapped_column(Integer)
    default_width: Mapped[int] = mapped_column(Integer)
    default_frames: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    tokens: Mapped[int | None] = mapped_column(Integer)
    default_steps: Mapped[int] = mapped_column(Integer)
    guidance_doubles_batch: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    vae_spatial_factor: Mapped[int] = mapped_column(Integer)
    vae_temporal_factor: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    latent_channels: Mapped[int] = mapped_column(Integer)
    native_precision: Mapped[str] = text(20)


class AlgorithmRow(Entry, Base):
    """A classical algorithm or a rule-of-thumb workload on tables."""

    __tablename__ = "algorithms"

    slug: Mapped[str] = slug_key()
    name: Mapped[str] = mapped_column(String(SHORT))
    category: Mapped[str] = mapped_column(String(30))
    time_train: Mapped[str] = text(LONG)
    time_predict: Mapped[str] = text(LONG)
    memory: Mapped[str] = text(LONG)
    gpu_helps: Mapped[str] = text()
    gpu_crossover: Mapped[str] = text(LONG)
    gpu_library: Mapped[str] = text(400)
    cpu_library: Mapped[str] = text(400)
    source: Mapped[str] = mapped_column(ForeignKey("sources.key"))
    confidence: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = text(LONG)


class DatasetRow(Entry, Base):
    """A public data set; NULL is unknown."""

    __tablename__ = "datasets"

    slug: Mapped[str] = slug_key()
    name: Mapped[str] = mapped_column(String(SHORT))
    modality: Mapped[str] = mapped_column(String(30))
    task: Mapped[str] = text(60)
    samples: Mapped[float | None] = mapped_column(Float)
    tokens: Mapped[float | None] = mapped_column(Float)
    rows: Mapped[float | None] = mapped_column(Float)
    columns: Mapped[float | None] = mapped_column(Float)
    size_gb: Mapped[float | None] = mapped_column(Float)
    typical_epochs: Mapped[float | None] = mapped_column(Float)
    image_size: Mapped[str] = text(40)
    """Height x width, empty if it has none."""
    source: Mapped[str] = mapped_column(ForeignKey("sources.key"))
    confidence: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = text(LONG)

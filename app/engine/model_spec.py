"""What a model is, in its field's own words: transformers by config.json, networks by counts, diffusion by parts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TransformerSpec:
    """A text (or text-like) transformer, in config.json vocabulary."""

    name: str
    architecture: str
    """decoder, encoder or encoder_decoder."""
    parameters: float
    """All parameters, experts included; tied embeddings once."""
    active_parameters: float
    """Parameters that one token passes through (equal to ``parameters`` for dense models)."""
    num_hidden_layers: int
    hidden_size: int
    intermediate_size: int
    """FFN width of a dense layer."""
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    vocab_size: int
    tie_word_embeddings: bool = True
    gated_ffn: bool = True
    max_position_embeddings: int | None = None
    attention_kind: str = "gqa"
    """mha, gqa, mqa, mla, or hybrid (some layers linear or state-space)."""
    sliding_window: int | None = None
    num_full_attention_layers: int | None = None
    """Layers whose KV cache grows with the context; None means all."""
    num_sliding_layers: int = 0
    num_linear_layers: int = 0
    kv_lora_rank: int | None = None
    q_lora_rank: int | None = None
    qk_nope_head_dim: int | None = None
    qk_rope_head_dim: int | None = None
    v_head_dim: int | None = None
    kv_bytes_per_token_16bit: float | None = None
    """KV cache growth per token at two bytes an element, where the shape alone does not give it."""
    num_experts: int = 0
    num_experts_per_token: int = 0
    num_shared_experts: int = 0
    moe_intermediate_size: int | None = None
    num_dense_layers: int = 0
    encoder_layers: int = 0
    decoder_layers: int = 0
    vision_parameters: float = 0.0
    """Encoders of pictures and of sound beside the text: block formats do not pack them, tokens do not meet them."""
    sound_tokens_per_s: float | None = None
    """Steps of the decoder that a second of sound takes, of models that speak. [tokens/s]"""
    listens: bool = False
    """A decoder that reads sound and writes text, as Qwen2-Audio and Voxtral do."""
    native_precision: str = "bf16"
    shape_known: bool = True
    """False: layers and widths were inferred from the parameter count."""
    source: str = ""


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """A network known by its counts: CNNs, ViTs, detectors, segmenters, GANs, MLPs, RNNs, GNNs, recommenders, audio."""

    name: str
    architecture: str
    """cnn, vit, detector, segmenter, unet, gan, mlp, rnn, gnn, recommender, other."""
    family: str
    """Finer kind where known, such as resnet, mobilenet, efficientnet, swin, yolo; empty if not."""
    parameters: float
    macs_per_sample: float | None
    """Forward multiply-adds of one sample at the reference size. [MAC]"""
    activations_per_sample: float | None
    """Output activations of one forward pass of one sample at the reference size. [elements]"""
    reference_size: tuple[int, ...] = ()
    """Spatial size at which the counts hold, () when the counts are of the sample as given."""
    depth: int | None = None
    tokens_meet: str = ""
    """none; attention; equal_blocks, in which every token attends to every other over one grid of patches; windows,
    or attention over pooled keys, in stages of narrow widths; mixed by dense layers; triangles,
    fused_triangles or chunked_triangles of pairs in networks that fold; "" when nobody says."""
    joins_maps: bool = False
    """Joins branches, shuffles channels or scales maps by what they hold in all: extra passes."""
    dense_1x1: bool = False
    """Convolutional, with 1 x 1 products in dense layers, which frameworks keep in fp32 when asked."""
    dense_3x3_share: float | None = None
    """Share of a classifier's multiply-adds in 3 x 3 neighbours that join all channels; None when nobody says. [-]"""
    source: str = ""


@dataclass(frozen=True, slots=True)
class DiffusionSpec:
    """A diffusion (or flow) model: denoiser, text encoders and VAE."""

    name: str
    architecture: str
    """diffusion_unet or diffusion_transformer."""
    modality: str
    """text-to-image, text-to-video, ..."""
    denoiser_parameters: float
    text_encoder_parameters: float
    vae_parameters: float
    flops_per_forward: float | None
    """One denoiser forward at batch 1 and the default output size, attention included. [FLOP]"""
    default_size: tuple[int, int]
    """Default output height and width. [pixels]"""
    default_frames: int
    tokens: float | None
    """Latent tokens (or latent pixels for a U-Net) that the denoiser sees at the default size."""
    default_steps: int
    guidance_doubles_batch: bool
    vae_spatial_factor: int = 8
    vae_temporal_factor: int = 1
    latent_channels: int = 4
    native_precision: str = "bf16"
    source: str = ""

    @property
    def parameters(self) -> float:
        """All parts together."""
        return self.denoiser_parameters + self.text_encoder_parameters + self.vae_parameters


@dataclass(frozen=True, slots=True)
class AlgorithmSpec:
    """A classical algorithm on a table."""

    name: str
    """Slug: xgboost, lightgbm, random-forest, linear-regression, kmeans, svm, pca, knn, ..."""
    category: str
    gpu_helps: str
    """Words of the catalogue: yes, no, sometimes, and why."""
    gpu_crossover: str = ""
    gpu_library: str = ""
    cpu_library: str = ""
    source: str = ""


ModelSpec = TransformerSpec | NetworkSpec | DiffusionSpec | AlgorithmSpec

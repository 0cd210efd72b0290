"""A model described by counts only: parameters and an architecture, with whatever detail was given."""

from app.engine.coefficients_networks import NETWORKS
from app.engine.defaults import domain_of
from app.engine.model_spec import DiffusionSpec, ModelSpec, NetworkSpec
from app.engine.transformer_shape import transformer_from_counts
from app.engine.units import GIGA, MILLION
from app.engine.workload import ModelChoice, Workload

_ARCHITECTURE_OF_DOMAIN = {
    "vision": "cnn", "detection": "detector", "segmentation": "segmenter", "text": "decoder",
    "image_generation": "diffusion_unet", "video_generation": "diffusion_transformer", "audio": "encoder_decoder",
    "medical_3d": "unet", "rl": "mlp", "science": "other", "recommendation": "recommender", "graph": "gnn",
    "timeseries": "rnn", "tabular": "mlp",
}  # fmt: skip
_DIFFUSION_SIZES = {"diffusion_unet": (512, 512), "diffusion_transformer": (1024, 1024)}
_DIFFUSION_STEPS = 30
_FRAMES_CODED_TOGETHER = 4
"""Video autoencoders code four frames in one. CogVideoX, arXiv:2408.06072; Wan, arXiv:2503.20314."""


def architecture_of(choice: ModelChoice, workload: Workload) -> str:
    """The architecture given, or the usual one of the domain."""
    return choice.architecture or _ARCHITECTURE_OF_DOMAIN[domain_of(workload)]


def model_from_counts(choice: ModelChoice, workload: Workload) -> ModelSpec:
    """The third form of the contract's ``model`` as a specification.

    >>> from app.engine.workload import ModelChoice, Workload
    >>> choice = ModelChoice(parameters=25e6, architecture="cnn", gmacs_per_sample=4.1)
    >>> f"{model_from_counts(choice, Workload(task='train')).macs_per_sample:.2g}"
    '4.1e+09'
    """
    architecture = architecture_of(choice, workload)
    parameters = choice.parameters or 0.0
    if architecture in {"decoder", "encoder", "encoder_decoder"}:
        return transformer_from_counts(choice, architecture=architecture)
    macs = choice.gmacs_per_sample * GIGA if choice.gmacs_per_sample else None
    if architecture in _DIFFUSION_SIZES:
        return _diffusion(parameters, architecture=architecture, workload=workload, macs=macs)
    activations = choice.activations_m_per_sample * MILLION if choice.activations_m_per_sample else None
    return NetworkSpec(
        name="your model",
        architecture=architecture,
        family="",
        parameters=parameters,
        macs_per_sample=macs,
        activations_per_sample=activations,
        depth=choice.layers,
    )


def _text_encoder_parameters(parameters: float, *, architecture: str) -> float:
    """What reads the text: nothing in small transformers that make pictures of a class, T5 in large ones. [-]"""
    if architecture == "diffusion_unet":
        return NETWORKS.value("usual_text_encoder_parameters_unet")
    reads = parameters >= NETWORKS.value("denoiser_reads_text_from_parameters")
    return NETWORKS.value("usual_text_encoder_parameters") if reads else 0.0


def _diffusion(parameters: float, *, architecture: str, workload: Workload, macs: float | None) -> DiffusionSpec:
    video = domain_of(workload) == "video_generation"
    return DiffusionSpec(
        name="your model",
        architecture=architecture,
        modality="text-to-video" if video else "text-to-image",
        denoiser_parameters=parameters,
        text_encoder_parameters=_text_encoder_parameters(parameters, architecture=architecture),
        vae_parameters=NETWORKS.value("usual_autoencoder_parameters"),
        flops_per_forward=2 * macs if macs else None,
        default_size=_DIFFUSION_SIZES[architecture],
        default_frames=workload.frames or 1,
        tokens=None,
        default_steps=_DIFFUSION_STEPS,
        guidance_doubles_batch=True,
        vae_temporal_factor=_FRAMES_CODED_TOGETHER if video else 1,
    )

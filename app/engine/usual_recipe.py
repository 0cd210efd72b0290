"""How a model is trained or run where nobody says: method, precision, program, optimizer."""

from app.engine.assumed import Ledger, typical
from app.engine.coefficients_networks import NETWORKS
from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, ModelSpec, NetworkSpec, TransformerSpec
from app.engine.network_copies import takes_squares
from app.engine.precision import MATRICES_ONLY
from app.engine.work_class import TRAINING_TASKS
from app.engine.workload import Workload

STRIDE_OF_PYRAMIDS = 32
"""Pixels of a picture to one of the coarsest map of a feature pyramid: five halvings."""


def method_taken(workload: Workload, model: ModelSpec, *, training: bool, ledger: Ledger) -> str:
    """How weights are trained: as said; else by adapters where models are large, and in full where not."""
    if workload.method is not None:
        return workload.method
    if not training or workload.task != "finetune":
        return "full"
    large_decoder = (
        isinstance(model, TransformerSpec)
        and model.architecture == "decoder"
        and model.parameters >= typical()["text"]["lora_from_parameters"]
    )
    if large_decoder or isinstance(model, DiffusionSpec):
        return ledger.take(
            "method", None, typical_value="lora", why="adapters are the usual way to adapt a model of this size"
        )
    return "full"


def precision_taken(workload: Workload, model: ModelSpec, *, method: str, ledger: Ledger) -> str:
    """Format of the weights: as said, or what most people use for such a model and program."""
    if workload.precision is not None:
        return workload.precision
    text = typical()["text"]
    training = workload.task in TRAINING_TASKS
    if isinstance(model, AlgorithmSpec):
        return "fp32"
    if method == "qlora":
        return ledger.take("precision", None, typical_value="nf4", why="QLoRA keeps the frozen model in 4 bits")
    decoder = isinstance(model, TransformerSpec) and model.architecture == "decoder"
    large = (
        isinstance(model, DiffusionSpec) and model.denoiser_parameters >= text["quantised_diffusion_from_parameters"]
    )
    if large and workload.framework is None and not (training and method == "full"):
        return ledger.take("precision", None, typical_value="fp8", why="large generators are usually held in 8 bits")
    if keeps_32_bits(workload, model, training=training):
        return ledger.take(
            "precision", None, typical_value="fp32", why="programs that find objects keep 32 bits unless told otherwise"
        )
    if training:
        value = "bf16" if decoder or isinstance(model, DiffusionSpec) else "amp"
        return ledger.take(
            "precision", None, typical_value=value, why="mixed precision is the usual choice on current cards"
        )
    requests = workload.concurrent_requests
    service = requests == "max" or (isinstance(requests, int) and requests >= text["service_from_requests"])
    local = workload.framework in {None, "llama.cpp"} and not service and not speaks(model)
    if decoder and local and model.parameters >= text["quantised_from_parameters"]:
        return ledger.take(
            "precision",
            None,
            typical_value="q4_k_m",
            why="4-bit weights are what most people run; they cost little quality",
        )
    if workload.framework == "onnxruntime" and not (decoder or isinstance(model, DiffusionSpec)):
        return ledger.take(
            "precision", None, typical_value="fp32", why="exported networks keep 32 bits unless converted"
        )
    if isinstance(model, TransformerSpec) and decoder and model.native_precision in MATRICES_ONLY:
        return ledger.take(
            "precision", None, typical_value=model.native_precision, why="the format its weights are published in"
        )
    return ledger.take(
        "precision",
        None,
        typical_value="bf16" if decoder else "fp16",
        why="16 bits is the usual choice for running models",
    )


def keeps_32_bits(workload: Workload, model: ModelSpec, *, training: bool) -> bool:
    """Whether a program that finds boxes and masks keeps 32 bits unless it is told otherwise, as PyTorch's do.

    Detectron2, MMDetection, DETR and torchvision train and run so; Ultralytics, which takes squares, runs so and trains
    in mixed precision. Defaults of https://docs.ultralytics.com/usage/cfg and of their configurations. Programs for
    masks alone cut squares too, of 32 bits in 321 of 328 models of https://github.com/open-mmlab/mmsegmentation; only
    those that YOLO's pyramid can halve five times, and that hold four pictures, may be of the other kind.
    """
    if not isinstance(model, NetworkSpec) or model.architecture not in {"detector", "segmenter"}:
        return False
    if workload.framework != "pytorch":
        return False
    size = workload.image_size
    as_they_come = isinstance(size, list) and not takes_squares(tuple(size))
    return as_they_come or not training or (model.architecture == "segmenter" and not joins_squares(size))


def joins_squares(size: int | list[int] | None) -> bool:
    """Whether a square may hold several pictures, for a network that halves them five times; unsaid: it may.

    >>> joins_squares(640), joins_squares([713, 713]), joins_squares(288), joins_squares(None)
    (True, False, False, True)
    """
    side = size[-1] if isinstance(size, list) else size
    large = side is None or side**2 >= NETWORKS.value("joined_pixels_at_least")
    return large and (side or 0) % STRIDE_OF_PYRAMIDS == 0


def speaks(model: ModelSpec) -> bool:
    """Whether a model is known to write sound; its makers' program runs it, in the format of its weights."""
    return isinstance(model, TransformerSpec) and model.sound_tokens_per_s is not None


def framework_taken(workload: Workload, model: ModelSpec, *, precision: str, ledger: Ledger) -> str:
    """Program that trains or runs the model: as said, or the usual one for its weights and its work."""
    given = workload.framework
    if isinstance(model, AlgorithmSpec):
        usual = {"xgboost": "xgboost", "lightgbm": "lightgbm"}.get(model.name, "sklearn")
        return ledger.take("framework", given, typical_value=usual, why="the usual library for this method")
    if precision.startswith(("q2", "q3", "q4", "q5", "q6", "q8", "iq", "tq", "f16")):
        return ledger.take("framework", given, typical_value="llama.cpp", why="what weights of this kind are made for")
    serves = isinstance(model, TransformerSpec) and model.architecture == "decoder" and not speaks(model)
    if serves and workload.task == "inference":
        return ledger.take("framework", given, typical_value="vllm", why="a usual server of language models")
    return ledger.take("framework", given, typical_value="pytorch", why="what most models are trained and run with")


def optimizer_taken(workload: Workload, model: ModelSpec, *, training: bool, ledger: Ledger) -> str:
    """Optimizer: as said; else SGD with momentum for convolutions and AdamW for the rest."""
    if workload.optimizer is not None or not training or isinstance(model, AlgorithmSpec):
        return workload.optimizer or "adamw"
    convolutional = isinstance(model, NetworkSpec) and model.architecture in {"cnn", "detector", "segmenter"}
    return ledger.take(
        "optimizer",
        None,
        typical_value="sgd_momentum" if convolutional else "adamw",
        why="the usual optimizer for this kind of model",
    )


def checkpoints(workload: Workload, model: ModelSpec, *, training: bool, ledger: Ledger) -> bool:
    """Whether layers are computed again in the backward pass: as said, or as usual for large models."""
    if workload.gradient_checkpointing is not None or not training:
        return bool(workload.gradient_checkpointing)
    large = (
        isinstance(model, TransformerSpec) and model.parameters >= typical()["text"]["checkpointing_from_parameters"]
    )
    if large:
        ledger.take(
            "gradient_checkpointing", None, typical_value=True, why="usual for models from a billion parameters on"
        )
    adapts_pictures = isinstance(model, DiffusionSpec) and workload.task == "finetune"
    if adapts_pictures:
        ledger.take("gradient_checkpointing", None, typical_value=True, why="usual when a picture generator is adapted")
    return large or adapts_pictures


def is_compiled(workload: Workload, framework: str) -> bool:
    """Whether layers are compiled: as said, or by programs that always do.

    >>> is_compiled(Workload(task="inference"), "tensorrt"), is_compiled(Workload(task="inference"), "pytorch")
    (True, False)
    """
    return framework in {"jax", "tensorrt", "tensorrt-llm"} if workload.compiled is None else workload.compiled

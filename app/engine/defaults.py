"""Fill in what nobody said: a workload becomes a job, and every value taken becomes a visible assumption."""

from dataclasses import dataclass, replace
from typing import Any

from app.engine.assumed import Ledger, typical
from app.engine.classical_cost import booster_of, grows_trees
from app.engine.coefficients_networks import NETWORKS
from app.engine.job import Assumption, Job
from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, ModelSpec, NetworkSpec, TransformerSpec
from app.engine.radiance import renders_scenes
from app.engine.units import GB, GIGA, SECONDS_PER_HOUR
from app.engine.usual_recipe import (
    checkpoints,
    framework_taken,
    is_compiled,
    method_taken,
    optimizer_taken,
    precision_taken,
)
from app.engine.work_class import TRAINING_TASKS, work_class
from app.engine.workload import ModelChoice, Workload

BYTES_PER_TEXT_TOKEN = 4.0
"""A token is about four characters of English, as makers of tokenizers say; other languages take more tokens."""
BYTES_PER_TABLE_VALUE = 8.0
"""Tables are held in double precision by default (pandas, scikit-learn)."""

AUDIO_WINDOW_S = 30.0
"""Speech models read recordings in windows of this length. Whisper paper, arXiv:2212.04356, section 2.2."""


@dataclass(frozen=True, slots=True)
class KnownData:
    """What the catalogue knows of a named data set."""

    samples: float | None = None
    tokens: float | None = None
    rows: float | None = None
    columns: float | None = None
    size_bytes: float | None = None
    epochs: float | None = None


def domain_of(workload: Workload) -> str:
    """The domain, or what the task and the model make likely."""
    if workload.domain is not None:
        return workload.domain
    if workload.task == "classical" or workload.algorithm:
        return "tabular"
    architecture = workload.model.architecture if workload.model else None
    by_architecture = {
        **dict.fromkeys(("cnn", "vit"), "vision"),
        **dict.fromkeys(("segmenter", "unet"), "segmentation"),
        **dict.fromkeys(("diffusion_unet", "diffusion_transformer", "gan"), "image_generation"),
        **dict.fromkeys(("decoder", "encoder", "encoder_decoder"), "text"),
        "detector": "detection",
        "recommender": "recommendation",
        "gnn": "graph",
        "rnn": "timeseries",
        "mlp": "tabular",
    }
    if architecture in by_architecture:
        return by_architecture[architecture]
    return "vision" if workload.task in {"train", "learn"} and workload.model is None else "text"


def typical_model(workload: Workload) -> tuple[ModelChoice, str]:
    """The model taken when none is named, in a form the contract knows, and why."""
    by_task = typical()["model"][domain_of(workload)]
    key: str = "pixels" if workload.observations == "pixels" and "pixels" in by_task else workload.task
    if workload.task == "inference" and workload.frames_per_second is not None and "camera" in by_task:
        key = "camera"
    entry = dict(by_task.get(key, by_task["default"]))
    why = str(entry.pop("why"))
    return ModelChoice.model_validate(entry), why


def typical_algorithm() -> tuple[str, str]:
    """The classical algorithm taken when none is named, and why."""
    entry = typical()["algorithm"]["default"]
    return entry["slug"], entry["why"]


def complete(
    workload: Workload,
    *,
    model: ModelSpec,
    data: KnownData | None = None,
    assume_data: bool = False,
    assumptions: tuple[Assumption, ...] = (),
) -> Job:
    """The job: every field concrete. ``assume_data`` also fills in typical amounts of data."""
    ledger = Ledger(list(assumptions))
    domain = _domain(workload, ledger)
    asked = _seeing(workload, model, domain=domain, ledger=ledger)
    workload = _many_at_a_time(asked, model, ledger)
    training = workload.task in TRAINING_TASKS
    method = method_taken(workload, model, training=training, ledger=ledger)
    precision = precision_taken(workload, model, method=method, ledger=ledger)
    framework = framework_taken(workload, model, precision=precision, ledger=ledger)
    seq_len, prompt, output = _lengths(workload, model, training=training, ledger=ledger)
    amounts = _amounts(workload, model, data=data or KnownData(), assume=assume_data, seq_len=seq_len, ledger=ledger)
    size = _image_size(workload, model, domain=domain, ledger=ledger)
    accumulation = _accumulation(workload, model, assume=assume_data, ledger=ledger)
    batch = _batch(workload, model, domain=domain, training=training, ledger=ledger)
    steps = workload.steps or _steps(model, training=training, ledger=ledger)
    per_step = _samples_per_step(model, domain=domain, batch=batch * accumulation, assume=assume_data)
    if training and steps is not None and per_step is not None:
        amounts, steps = _work_of_steps(amounts, steps=steps, samples_per_step=per_step), None
    requests = workload.concurrent_requests or _texts_at_once(workload, model)
    return Job(
        workload=asked,
        model=model,
        work_class=work_class(workload.task, domain, model=model, method=method),
        training=training,
        method=method,
        precision=precision,
        optimizer=optimizer_taken(workload, model, training=training, ledger=ledger),
        framework=framework,
        attention=workload.attention or ("eager" if framework in {"tensorflow", "mxnet"} else "flash"),
        compiled=is_compiled(workload, framework),
        channels_last=bool(workload.channels_last),
        gradient_checkpointing=checkpoints(workload, model, training=training, ledger=ledger),
        micro_batch_size=batch,
        gradient_accumulation_steps=accumulation,
        seq_len=seq_len,
        prompt_tokens=prompt,
        output_tokens=output,
        concurrent_requests=None if requests == "max" else requests,
        kv_precision=workload.kv_precision or ("fp32" if precision == "fp32" and framework != "llama.cpp" else "fp16"),
        lora_rank=workload.lora_rank or int(typical()["text"]["lora_rank"]),
        image_size=size,
        frames=workload.frames or (model.default_frames if isinstance(model, DiffusionSpec) else 1),
        depth=workload.depth or (size[0] if size and domain == "medical_3d" else None),
        samples=amounts.samples,
        tokens=amounts.tokens,
        rows=amounts.rows,
        columns=amounts.columns,
        data_bytes=amounts.size_bytes,
        epochs=amounts.epochs or 1.0,
        steps=steps,
        assumptions=tuple(ledger.entries),
    )


def _domain(workload: Workload, ledger: Ledger) -> str:
    domain = domain_of(workload)
    if workload.domain is None:
        ledger.take("domain", None, typical_value=domain, why="the task and the model make it likely")
    return domain


def _steps(model: ModelSpec, *, training: bool, ledger: Ledger) -> float | None:
    if isinstance(model, DiffusionSpec) and not training:
        return float(model.default_steps)
    if isinstance(model, AlgorithmSpec) and grows_trees(model.name):
        forest = booster_of(model.name) is None
        trees = float(typical()["trees"]["forest_trees" if forest else "boosting_rounds"])
        why = "the usual number of trees of a forest" if forest else "a usual number of boosting rounds"
        return ledger.take("steps", None, typical_value=trees, why=why)
    return None


def _lengths(workload: Workload, model: ModelSpec, *, training: bool, ledger: Ledger) -> tuple[int, int, int]:
    """Tokens of a training sequence (or the whole context), of the prompt and of the output."""
    if not isinstance(model, TransformerSpec) or domain_of(workload) == "audio":  # sound comes in windows
        return workload.sequence_length or 1, 0, workload.output_tokens or 0
    text = typical()["text"]
    limit = model.max_position_embeddings or 10**9
    if training or model.architecture == "encoder":
        usual = text["training_tokens_decoder" if model.architecture == "decoder" else "training_tokens_encoder"]
        length = ledger.take(
            "sequence_length", workload.sequence_length, typical_value=min(usual, limit), why="a usual length"
        )
        return length, 0, 0
    if workload.prompt_tokens is not None or workload.output_tokens is not None:
        prompt = workload.prompt_tokens if workload.prompt_tokens is not None else 1
        output = workload.output_tokens if workload.output_tokens is not None else text["output_tokens"]
        return max(workload.sequence_length or 0, prompt + output, 1), prompt, output
    context = ledger.take(
        "sequence_length",
        workload.sequence_length,
        typical_value=min(text["context_tokens"], limit),
        why="a realistic conversation",
    )
    output = max(1, min(text["output_tokens"], context // 2))
    if workload.sequence_length is None:  # room for a conversation, of which a question and its answer are timed
        return context, max(min(text["prompt_tokens"], context - output), 0), output
    return context, max(context - output, 0), output


def _many_at_a_time(workload: Workload, model: ModelSpec, ledger: Ledger) -> Workload:
    """The workload with as many requests at a time as those take who work through a pile of data."""
    if not workload.works_through_data or isinstance(model, AlgorithmSpec | DiffusionSpec):
        return workload
    many = int(typical()["arrivals"]["most_together"])
    ledger.take("concurrent_requests", None, typical_value=many, why="a pile of data is worked on many at a time")
    return workload.model_copy(update={"concurrent_requests": many})


def _seeing(workload: Workload, model: ModelSpec, *, domain: str, ledger: Ledger) -> Workload:
    """The workload of an agent whose network is made for pictures: it sees them, though nobody said so."""
    made_for_pictures = isinstance(model, NetworkSpec) and model.architecture in {"cnn", "vit"}
    if domain != "rl" or workload.observations is not None or not made_for_pictures:
        return workload
    ledger.take("observations", None, typical_value="pixels", why="the network is made for pictures")
    return workload.model_copy(update={"observations": "pixels"})


def _texts_at_once(workload: Workload, model: ModelSpec) -> int:
    """Texts that a language model writes at a time where nobody says how many requests there are: those of a batch."""
    writes = isinstance(model, TransformerSpec) and model.architecture != "encoder" and workload.task == "inference"
    return workload.batch_size or 1 if writes else 1


def _batch(workload: Workload, model: ModelSpec, *, domain: str, training: bool, ledger: Ledger) -> int:
    if workload.batch_size is not None or isinstance(model, AlgorithmSpec):
        return workload.batch_size or 1
    if isinstance(model, NetworkSpec) and renders_scenes(model):
        return 1  # a scene is learnt from one photograph or one set of rays at a time
    if not training:
        return _batch_of_arrivals(workload, model, domain=domain, ledger=ledger)
    key = "tiny_pictures" if domain == "vision" and sees_tiny_pictures(workload) else domain
    if isinstance(model, DiffusionSpec) and workload.task == "finetune":
        key = "diffusion_finetune"
    if isinstance(model, TransformerSpec) and domain != "audio":
        key = "text_decoder" if model.architecture == "decoder" else "text_encoder"
    return ledger.take(
        "batch_size", None, typical_value=int(typical()["batch"].get(key, 8)), why="a usual batch for one device"
    )


def sees_tiny_pictures(workload: Workload) -> bool:
    """Whether pictures are as small as those of CIFAR and MNIST, which are trained in larger batches. arXiv:1512.03385.

    >>> sees_tiny_pictures(Workload(task="train", image_size=32)), sees_tiny_pictures(Workload(task="train"))
    (True, False)
    """
    given = workload.image_size
    if given is None:
        return False
    pixels = given * given if isinstance(given, int) else given[0] * given[1]
    return pixels <= NETWORKS.value("array_pixels_at_most")


def _batch_of_arrivals(workload: Workload, model: ModelSpec, *, domain: str, ledger: Ledger) -> int:
    """What arrives and is worked on together where nobody waits for each; servers batch what they write themselves."""
    writes = isinstance(model, TransformerSpec) and model.architecture != "encoder" and domain != "audio"
    waits_alone = workload.latency_ms is not None and (domain != "audio" or workload.concurrent_requests is None)
    if writes or isinstance(model, DiffusionSpec) or waits_alone:
        return 1
    most = int(typical()["arrivals"]["most_together"])
    requests = most if workload.concurrent_requests == "max" else workload.concurrent_requests or 1
    cameras = round((workload.frames_per_second or 0.0) / typical()["arrivals"]["frames_per_second_of_a_camera"])
    together = min(max(requests, cameras, 1), most)
    why = "what arrives at the same time is worked on together"
    return ledger.take("batch_size", None, typical_value=together, why=why) if together > 1 else 1


def _accumulation(workload: Workload, model: ModelSpec, *, assume: bool, ledger: Ledger) -> int:
    """Micro-steps of one optimizer step. Steps counted without a batch mean the usual large batch of pretraining."""
    given = workload.gradient_accumulation
    if given is not None or workload.batch_size is not None or not isinstance(model, TransformerSpec):
        return given or 1
    if not (assume and workload.task == "pretrain" and workload.steps):
        return 1
    micro_batch = typical()["batch"]["text_decoder" if model.architecture == "decoder" else "text_encoder"]
    steps = max(1, int(typical()["text"]["pretraining_sequences_per_step"]) // int(micro_batch))
    return ledger.take(
        "gradient_accumulation", None, typical_value=steps, why="a step of pretraining usually takes 256 sequences"
    )


def _samples_per_step(model: ModelSpec, *, domain: str, batch: int, assume: bool) -> int | None:
    """Samples of one step where steps stand for an amount of work; those of agents are steps of their environment."""
    if domain == "rl":
        return 1
    return batch if assume and not isinstance(model, AlgorithmSpec) else None


def _work_of_steps(amounts: KnownData, *, steps: float, samples_per_step: int) -> KnownData:
    """The data that so many optimizer steps of one device see: the same work for every system that is compared."""
    return replace(amounts, samples=steps * samples_per_step, tokens=None, epochs=1.0)


def _image_size(workload: Workload, model: ModelSpec, *, domain: str, ledger: Ledger) -> tuple[int, int] | None:
    given = workload.image_size
    if given is not None:
        return (given, given) if isinstance(given, int) else (given[0], given[1])
    if isinstance(model, DiffusionSpec):
        return ledger.take("image_size", None, typical_value=model.default_size, why="the size the model was made for")
    if not isinstance(model, NetworkSpec):
        return None
    if len(model.reference_size) >= 2:
        size = (model.reference_size[-2], model.reference_size[-1])
        return ledger.take("image_size", None, typical_value=size, why="the size the model is published for")
    usual = typical()["image_size"].get(domain)
    if usual is None or (domain == "rl" and workload.observations != "pixels"):
        return None
    return ledger.take("image_size", None, typical_value=(usual[0], usual[1]), why="a usual picture size")


def _amounts(
    workload: Workload, model: ModelSpec, *, data: KnownData, assume: bool, seq_len: int, ledger: Ledger
) -> KnownData:
    """Samples, tokens, rows and epochs: as given, else as the catalogue knows them, else typical where allowed."""
    given = workload.dataset
    samples = (given.samples if given else None) or data.samples
    tokens = (given.tokens if given else None) or data.tokens
    rows = (given.rows if given else None) or data.rows
    columns = (given.columns if given else None) or data.columns
    size_bytes = given.size_gb * GB if given and given.size_gb else data.size_bytes
    if given and given.hours and samples is None:
        samples = given.hours * SECONDS_PER_HOUR / AUDIO_WINDOW_S
    if tokens is not None and samples is None and domain_of(workload) == "audio":  # of the text that is spoken
        samples = tokens / NETWORKS.value("speech_tokens_per_window")
    if samples is None and rows is not None:
        samples = rows
    known = any(amount is not None for amount in (samples, tokens, rows, size_bytes, workload.steps))
    usual = typical()["data"]["rl_pixels" if workload.observations == "pixels" else domain_of(workload)]
    if isinstance(model, AlgorithmSpec):
        rows, columns = _table(rows or samples, columns, size_bytes=size_bytes, assume=assume, ledger=ledger)
        samples = rows
    elif not known and assume and workload.task != "inference":
        samples, tokens = _typical_amount(workload, model, usual=usual, ledger=ledger)
    if workload.task == "pretrain" and isinstance(model, TransformerSpec):
        epochs = workload.epochs or 1.0
    else:
        epochs = workload.epochs or data.epochs or (_usual_epochs(usual, samples=samples) if assume else 1.0)
    counted = isinstance(model, AlgorithmSpec) or workload.steps is not None
    if workload.epochs is None and assume and workload.task in TRAINING_TASKS and not counted:
        ledger.take("epochs", None, typical_value=epochs, why="a usual number of passes over the data")
    if isinstance(model, TransformerSpec) and tokens is None and domain_of(workload) != "audio":
        tokens = _tokens(samples, size_bytes, seq_len=seq_len, ledger=ledger)
    return KnownData(samples, tokens, rows, columns, size_bytes, epochs)


def _usual_epochs(usual: dict[str, Any], *, samples: float | None) -> float:
    """Passes over the data; few pictures are shown more often, until the adapter has learnt them."""
    least = usual.get("least_adapting_samples")
    epochs = float(usual["epochs"])
    return epochs if least is None or not samples else max(epochs, float(round(least / samples)))


def _tokens(samples: float | None, size_bytes: float | None, *, seq_len: int, ledger: Ledger) -> float | None:
    """Tokens of a data set known by its samples, or by the size of its text."""
    if samples is not None:
        return samples * seq_len
    if size_bytes is None:
        return None
    why = f"text of that size at {BYTES_PER_TEXT_TOKEN:g} bytes a token"
    return ledger.take("dataset.tokens", None, typical_value=round(size_bytes / BYTES_PER_TEXT_TOKEN), why=why)


def _typical_amount(
    workload: Workload, model: ModelSpec, *, usual: dict[str, float], ledger: Ledger
) -> tuple[float | None, float | None]:
    if workload.task == "pretrain" and isinstance(model, TransformerSpec) and model.architecture == "encoder":
        amount = float(typical()["text"]["encoder_pretraining_tokens"])
        why = "what BERT was trained on (arXiv:1810.04805, A.2)"
        return None, ledger.take("dataset.tokens", None, typical_value=amount, why=why)
    from_speech = workload.task == "pretrain" and "pretraining_samples" in usual
    if workload.task == "pretrain" and isinstance(model, TransformerSpec) and not from_speech:
        ratio = float(typical()["text"]["tokens_per_parameter_pretraining"])
        amount = round(ratio * model.active_parameters / GIGA, 1) * GIGA or ratio * model.active_parameters
        return None, ledger.take(
            "dataset.tokens",
            None,
            typical_value=amount,
            why="about 20 tokens for each parameter, the compute-optimal amount",
        )
    amount = float(usual["pretraining_samples"] if from_speech else usual.get("samples", usual.get("rows", 0)))
    return ledger.take(
        "dataset.samples", None, typical_value=amount, why="a usual amount for a project of this kind"
    ), None


def _table(
    rows: float | None, columns: float | None, *, size_bytes: float | None, assume: bool, ledger: Ledger
) -> tuple[float | None, float | None]:
    usual = typical()["data"]["tabular"]
    if columns is None and (rows is not None or size_bytes is not None or assume):
        columns = ledger.take("dataset.columns", None, typical_value=float(usual["columns"]), why="a usual table")
    if rows is None and size_bytes is not None and columns is not None:
        rows = size_bytes / (BYTES_PER_TABLE_VALUE * columns)
        ledger.take("dataset.rows", None, typical_value=round(rows), why="the table's size at 8 bytes a value")
    if rows is None and assume:
        rows = ledger.take("dataset.rows", None, typical_value=float(usual["rows"]), why="a usual table")
    return rows, columns

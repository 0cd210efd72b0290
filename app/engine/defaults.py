"""Fill in what nobody said: a workload becomes a job, and every value taken becomes a visible assumption."""

from app.engine.assumed import Ledger, typical
from app.engine.classical_cost import booster_of, grows_trees
from app.engine.coefficients_networks import NETWORKS
from app.engine.data_amounts import KnownData, amounts_of, work_of_steps
from app.engine.job import Assumption, Job
from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, ModelSpec, NetworkSpec, TransformerSpec
from app.engine.radiance import renders_scenes
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


def smaller_model(workload: Workload) -> dict[str, str] | None:
    """A common model that takes far less memory than the one taken when none is named: its name, and its title."""
    if workload.model is not None:
        return None
    found: dict[str, str] | None = typical()["model"][domain_of(workload)].get("smaller")
    return found


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
    seq_len, prompt, output = _lengths(workload, model, domain=domain, training=training, ledger=ledger)
    amounts = amounts_of(workload, model, domain=domain, data=data, assume=assume_data, seq_len=seq_len, ledger=ledger)
    size = _image_size(workload, model, domain=domain, ledger=ledger)
    accumulation = _accumulation(workload, model, assume=assume_data, ledger=ledger)
    batch = _batch(workload, model, domain=domain, training=training, ledger=ledger)
    steps = workload.steps or _steps(model, training=training, ledger=ledger)
    if training and steps is not None and _steps_stand_for_data(model, domain=domain, assume=assume_data):
        seen = 1 if domain == "rl" else batch * accumulation  # steps of agents are those of their environment
        amounts, steps = work_of_steps(amounts, steps=steps, samples_per_step=seen), None
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
        concurrent_requests=_requests(workload, model),
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


def _lengths(
    workload: Workload, model: ModelSpec, *, domain: str, training: bool, ledger: Ledger
) -> tuple[int, int, int]:
    """Tokens of a training sequence (or the whole context), of the prompt and of the output."""
    if not isinstance(model, TransformerSpec) or domain == "audio":  # sound comes in windows
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


def _requests(workload: Workload, model: ModelSpec) -> int | None:
    """Requests served at a time, None for as many as fit; unsaid, a language model writes the texts of a batch."""
    if workload.concurrent_requests is not None:
        return None if workload.concurrent_requests == "max" else workload.concurrent_requests
    writes = isinstance(model, TransformerSpec) and model.architecture != "encoder" and workload.task == "inference"
    return workload.batch_size or 1 if writes else 1


def _batch(workload: Workload, model: ModelSpec, *, domain: str, training: bool, ledger: Ledger) -> int:
    if workload.batch_size is not None or isinstance(model, AlgorithmSpec):
        return workload.batch_size or 1
    if isinstance(model, NetworkSpec) and renders_scenes(model):
        return 1  # a scene is learnt from one photograph or one set of rays at a time
    if not training and not _reads_a_collection(workload, model, domain=domain):
        return _batch_of_arrivals(workload, model, domain=domain, ledger=ledger)
    key = "tiny_pictures" if domain == "vision" and sees_tiny_pictures(workload) else domain
    if isinstance(model, DiffusionSpec) and workload.task == "finetune":
        key = "diffusion_finetune"
    if isinstance(model, TransformerSpec) and domain != "audio":
        key = "text_decoder" if model.architecture == "decoder" else "text_encoder"
    return ledger.take(
        "batch_size", None, typical_value=int(typical()["batch"].get(key, 8)), why="a usual batch for one device"
    )


def _reads_a_collection(workload: Workload, model: ModelSpec, *, domain: str) -> bool:
    """Whether texts are read many at a time, as programs that embed or classify them do unless somebody waits.

    References
    ----------
    .. [1] Sentence Transformers, ``encode``, https://sbert.net (32 texts at a time); servers of embeddings wait for as
       many.
    """
    reads = isinstance(model, TransformerSpec) and model.architecture == "encoder" and domain == "text"
    waits = workload.latency_ms is not None or workload.concurrent_requests is not None
    return reads and not waits and workload.frames_per_second is None


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


def _steps_stand_for_data(model: ModelSpec, *, domain: str, assume: bool) -> bool:
    """Whether steps of training say how much data a run sees, rather than rounds over all of it."""
    return domain == "rl" or (assume and not isinstance(model, AlgorithmSpec))


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

"""Peak memory of one device while a transformer is trained, part by part, with the numbers in words."""

from collections.abc import Callable

import numpy as np

from app.engine.accumulation import SELECTIVE, batch_growth, micro_batch_samples, micro_batches, repeated_layers_share
from app.engine.activations import (
    adapter_input_bytes,
    checkpoint_bytes,
    graph_growth,
    layer_bytes,
    live_layer_bytes,
    loss_copies_bytes,
    loss_head_bytes,
    prepared_in_fp32,
    unsplit_layer_bytes,
)
from app.engine.arrays import BoolArray, FloatArray, Floats, entry
from app.engine.coefficients import TRANSFORMERS
from app.engine.hardware import Plan, Systems
from app.engine.job import Job
from app.engine.memory import (
    ADAPTER_BYTES,
    FULL_STATE_BYTES,
    Shares,
    adapts_uncompiled,
    count_in_words,
    finished,
    shares,
    state_bytes,
    stored_weight_bytes,
)
from app.engine.model_spec import TransformerSpec
from app.engine.params import adapter_parameters, largest_block_parameters, layer_parameters, root_parameters
from app.engine.precision import TrainingBytes, bytes_per_element, bytes_per_parameter
from app.engine.result import Footprint, MemoryPart
from app.engine.sharded_state import SHARED_FROM_STAGE
from app.engine.units import FULL_BYTES, HALF_BYTES

STEPPED_IN_GROUPS_FROM = 3.0
"""The ZeRO stage from which on DeepSpeed updates one group of parameters after another."""


def training_footprint(job: Job, systems: Systems) -> Footprint:
    """Peak memory of one device in training: the worst of loss, end of backward pass and optimizer step. [bytes]"""
    spec = job.model
    assert isinstance(spec, TransformerSpec)
    part = shares(job, spec, systems=systems)
    ones = np.ones(len(systems))
    per = state_bytes(job)
    weights, cast, trained, weight_words = _training_weights(job, spec, per=per, plan=systems.plan)
    if trained < spec.parameters:
        per = TrainingBytes(per.weights, ADAPTER_BYTES.gradients, _adapter_state(job.optimizer))
    gradients = part.gradients * trained * per.gradients
    optimizer = part.optimizer * trained * per.optimizer
    growth = batch_growth(job, systems.plan)
    saved, live, activation_words = _training_activations(job, spec, part=part, plan=systems.plan)
    head = np.where(_shards_weights(systems.plan), loss_head_bytes(job, spec, sharded=True), loss_head_bytes(job, spec))
    logits = head * part.activations * growth * ones
    buffers = _gathered_bytes(spec, systems, job=job) + bucket_bytes(job, systems.plan)
    buffers = buffers + unpacked_matrix_bytes(job, spec) + update_copies_bytes(job, trained) + library_bytes(job)
    held = part.weights * weights + np.where(_shards_weights(systems.plan), 0.0, part.model * cast)
    carried = np.where(micro_batches(job, systems.plan) > 1, gradients, 0.0)
    backward = gradients + live + 0 * saved
    forward = carried + saved + np.maximum(logits, live)
    step = gradients + _step_buffer_bytes(job, trained * per.weights * part.optimizer, plan=systems.plan)
    at_loss = (forward >= backward) & (forward >= step)
    at_step = ~at_loss & (step > backward)
    parts = [
        MemoryPart("weights", held, weight_words, part.weights * ones),
        MemoryPart(
            "gradients",
            np.where(at_loss, carried, gradients),
            f"{count_in_words(trained)} trained parameters × {per.gradients:g} bytes",
            part.gradients * ones,
        ),
        MemoryPart(
            "optimizer",
            optimizer,
            f"{count_in_words(trained)} trained parameters × {per.optimizer:g} bytes ({job.optimizer})",
            part.optimizer * ones,
        ),
        MemoryPart(
            "activations",
            np.where(at_loss, saved, np.where(at_step, 0.0, live)),
            activation_words,
            part.activations * ones,
        ),
        MemoryPart(
            "logits", np.where(at_loss, np.maximum(logits, live), 0.0), _logit_words(job, spec, plan=systems.plan)
        ),
        MemoryPart(
            "workspace",
            buffers + np.where(at_step, step - gradients, 0.0),
            "buffers of sharding, of messages, of libraries, of unpacking and of the optimizer step",
        ),
    ]
    return finished(parts, systems, job=job)


def _adapter_state(optimizer: str) -> float:
    return FULL_STATE_BYTES[optimizer]


def _shards_weights(plan: Plan) -> BoolArray:
    """Whether the devices share the weights."""
    return np.asarray(plan.zero_stage >= SHARED_FROM_STAGE["weights"])


def _training_weights(
    job: Job, spec: TransformerSpec, *, per: TrainingBytes, plan: Plan
) -> tuple[Floats, float, float, str | Callable[[int], str]]:
    """Weight bytes, cast copies, trained parameters, and the formula."""
    if not job.has_adapters and job.method != "frozen":
        words = f"{count_in_words(spec.parameters)} parameters × {per.weights:g} bytes ({job.precision})"
        return spec.parameters * per.weights, spec.parameters * per.cast_copy, spec.parameters, words
    if job.method == "frozen":
        trained = spec.parameters * TRANSFORMERS.value("frozen_head_share")
        base, words = (
            spec.parameters * per.weights,
            f"{count_in_words(spec.parameters)} parameters × {per.weights:g} bytes, frozen",
        )
        return base, 0.0, trained, words
    trained = adapter_parameters(spec, job.lora_rank, method=job.method)
    adapters = f"{count_in_words(trained)} adapter parameters × {ADAPTER_BYTES.weights:g} bytes"
    if job.method == "qlora":
        packed, told = _four_bit_weights(job, spec, plan=plan)
        return packed + trained * ADAPTER_BYTES.weights, 0.0, trained, lambda row: f"{told(row)} + {adapters}"
    element = bytes_per_parameter(job.precision if job.precision in {"fp32", "tf32", "int8", "fp8"} else "bf16")
    words = f"{count_in_words(spec.parameters)} parameters × {element:g} bytes"
    return spec.parameters * element + trained * ADAPTER_BYTES.weights, 0.0, trained, f"{words} + {adapters}"


def _four_bit_weights(job: Job, spec: TransformerSpec, *, plan: Plan) -> tuple[FloatArray, Callable[[int], str]]:
    """Bytes of packed matrices and of the tables beside them, and the formula of each row."""
    packed = _four_bit(job.precision)
    whole, sharded = (FULL_BYTES if prepared_in_fp32(job, sharded=flag) else HALF_BYTES for flag in (False, True))
    tables = np.where(_shards_weights(plan), sharded, whole)
    two = (stored_weight_bytes(spec, packed, table_bytes=element) for element in (sharded, whole))
    words = f"matrices × {bytes_per_parameter(packed):.3f} bytes, embeddings × "
    return np.where(_shards_weights(plan), *two), lambda row: f"{words}{entry(tables, row):g} bytes"


def _four_bit(precision: str) -> str:
    return precision if precision in {"nf4", "int4", "fp4", "int8"} else "nf4"


def _training_activations(
    job: Job, spec: TransformerSpec, *, part: Shares, plan: Plan
) -> tuple[FloatArray, FloatArray, Callable[[int], str]]:
    """What the forward pass keeps, what one layer at work holds, and the formula of each row. [bytes]"""
    held = part.activations * batch_growth(job, plan)
    inputs = adapter_input_bytes(job, spec)
    unsplit = unsplit_layer_bytes(job, spec) * (plan.tensor_parallel - 1)  # divided like the rest: whole in the end
    one = layer_bytes(job, spec) * graph_growth(job) + inputs + unsplit
    live = (live_layer_bytes(job, spec) + inputs + unsplit) * held
    if job.method == "frozen":
        return 0.0 * held, live, lambda _: "frozen backbone: one layer at a time"
    whole = repeated_layers_share(job, plan)
    kernels = "_pytorch" if job.framework == "pytorch" else ""
    selective = np.where(plan.recompute >= SELECTIVE, TRANSFORMERS.value("selective_saved_share" + kernels), 1.0)
    narrow, wide = (checkpoint_bytes(job, spec, sharded=flag) for flag in (True, False))
    inputs_alone = np.where(_shards_weights(plan), narrow, wide)
    per_layer = whole * inputs_alone + (1.0 - whole) * one * selective
    words = _kept_words(job, spec, plan=plan, layer=per_layer, whole=whole)
    kept = spec.num_hidden_layers * per_layer * held
    return kept, np.where(whole > 0, live, 0 * live + one * held), words


def _kept_words(
    job: Job, spec: TransformerSpec, *, plan: Plan, layer: FloatArray, whole: FloatArray
) -> Callable[[int], str]:
    """The formula of the kept activations for one row."""

    def words(row: int) -> str:
        samples = entry(micro_batch_samples(job, plan), row)
        size = entry(layer, row) / (job.micro_batch_size * job.seq_len * spec.hidden_size)
        told = f"{spec.num_hidden_layers} layers × {samples * job.seq_len:.0f} tokens × {spec.hidden_size}"
        if entry(whole, row) == 1.0:
            return f"{told} × {size:g} bytes, checkpointed"
        return f"{told} × {size:.1f} bytes"

    return words


def _logit_words(job: Job, spec: TransformerSpec, *, plan: Plan) -> Callable[[int], str]:
    def words(row: int) -> str:
        copies = loss_copies_bytes(job, sharded=bool(entry(_shards_weights(plan), row)))
        samples = entry(micro_batch_samples(job, plan), row)
        tokens = f"{samples * job.seq_len:.0f} tokens"
        return f"{tokens} × {spec.vocab_size} vocabulary × {copies:g} bytes, or one live layer"

    return words


def _gathered_bytes(spec: TransformerSpec, systems: Systems, *, job: Job) -> FloatArray:
    """What FSDP holds unsharded: its root, the running unit and the next; under a pipeline the whole stage. [bytes]

    The root holds what is in no layer, embeddings and head, which stay gathered in 16 bits; compiled recipes make
    units of their own of them.
    """
    element = bytes_per_element(job.precision)
    if job.method == "qlora":  # shards are gathered in their four bits
        element = bytes_per_parameter(_four_bit(job.precision))
    plan = systems.plan
    if job.compiled or job.framework != "pytorch":
        root, unit = 0.0, largest_block_parameters(spec) * element
    else:
        root = max(bytes_per_element(job.precision), HALF_BYTES) * root_parameters(spec)
        unit = layer_parameters(spec) * element
    live = (root + unit * TRANSFORMERS.value("fsdp_live_units")) / plan.tensor_parallel
    stage = spec.parameters * element / (plan.tensor_parallel * plan.pipeline_parallel)
    sharded = _shards_weights(plan) & (plan.data_parallel * plan.context_parallel > 1)
    if job.framework == "deepspeed":  # it keeps gathered what is soon used again, also on one device
        kept = element * min(spec.parameters, TRANSFORMERS.value("deepspeed_live_parameters"))
        live, sharded = np.maximum(live, kept / plan.tensor_parallel), plan.zero_stage >= STEPPED_IN_GROUPS_FROM
    return np.where(sharded, np.where(plan.pipeline_parallel > 1, stage, live), 0.0)


def update_copies_bytes(job: Job, trained: float) -> float:
    """Clipped gradients and new states that TensorFlow's graphs hold beside the old ones, in fp32. [bytes]"""
    plain = job.framework == "tensorflow" and not job.compiled and job.optimizer in {"adam", "adamw"}
    return trained * FULL_BYTES * TRANSFORMERS.value("tensorflow_update_copies") if plain else 0.0


def bucket_bytes(job: Job, plan: Plan) -> FloatArray:
    """What DeepSpeed sets aside to collect gradients and, where the state is shared, weights that travel. [bytes]"""
    if job.framework != "deepspeed":
        return 0.0 * plan.zero_stage
    shared = plan.zero_stage >= SHARED_FROM_STAGE["optimizer"]
    gathered = np.where(shared, TRANSFORMERS.value("deepspeed_gather_bytes"), 0.0)
    return TRANSFORMERS.value("deepspeed_bucket_bytes") + gathered


def library_bytes(job: Job) -> float:
    """Workspaces of libraries, for products, packed weights and messages, while a model is adapted. [bytes]"""
    return TRANSFORMERS.value("finetune_library_bytes") if adapts_uncompiled(job) else 0.0


def unpacked_matrix_bytes(job: Job, spec: TransformerSpec) -> float:
    """The widest matrix in 16 bits, as passes over 4-bit weights write it; GPTQ files pass through integers. [bytes]"""
    if job.method != "qlora" or job.compiled:
        return 0.0
    copies = TRANSFORMERS.value("unpacked_copies_int4" if job.precision == "int4" else "unpacked_copies")
    return copies * HALF_BYTES * spec.hidden_size * (spec.moe_intermediate_size or spec.intermediate_size)


def _step_buffer_bytes(job: Job, trained_bytes: FloatArray, *, plan: Plan) -> FloatArray:
    """What an optimizer holds while stepping: torch a temporary, DeepSpeed its gradients, flat and in fp32. [bytes]

    Where DeepSpeed shares the weights too, it steps in groups of parameters; torch steps from shard to shard, for it
    does not join tensors of other types than its own (``torch/utils/_foreach_utils.py``).

    References
    ----------
    .. [1] DeepSpeed, ``runtime/zero/stage_1_and_2.py``, https://github.com/deepspeedai/DeepSpeed: gradients of a
       partition are joined in 16 bits and then converted.
    """
    none = 0.0 * trained_bytes
    if job.framework == "deepspeed" and job.precision not in {"fp32", "tf32"}:
        element = FULL_BYTES + HALF_BYTES
        copies = trained_bytes * (element / HALF_BYTES) if job.method == "full" else none
        group = element * TRANSFORMERS.value("deepspeed_step_group")
        return np.where(plan.zero_stage >= STEPPED_IN_GROUPS_FROM, np.minimum(copies, group), copies)
    if job.framework != "pytorch" or job.optimizer == "adamw8bit" or job.compiled:
        return none
    copy = trained_bytes * TRANSFORMERS.value("optimizer_step_copy")
    return np.where(_shards_weights(plan), 0.0, copy)

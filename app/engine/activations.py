"""Activation memory of transformer training: what the forward pass keeps for the backward pass."""

from app.engine.arrays import Floats
from app.engine.coefficients import TRANSFORMERS
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.precision import bytes_per_element
from app.engine.units import FULL_BYTES, HALF_BYTES

EAGER_TRAINERS = frozenset({"pytorch", "deepspeed"})
"""Frameworks in which models and losses are those of Hugging Face, operation by operation, unless compiled."""

SCALING_FRAMEWORKS = frozenset({"megatron", "jax"})
"""Frameworks written for large runs: they fuse the loss, have attention kernels of their own for the matrix units of
each generation, and split by the sequence what they do not split by tensors."""


def decoder_bytes_per_token_width(spec: TransformerSpec, *, seq_len: int, eager: bool, frozen: bool = False) -> float:
    """Bytes that one layer of a Hugging Face style decoder keeps per token and hidden unit, in 16 bit. [bytes]

    ``20 + 4·k/a + 8·f/h``; the eager attention matrix adds ``6·a·s/h``. Counted with saved-tensor hooks on
    Llama, Qwen and GPT-2 shapes; experts count with the tokens that reach them. Frozen matrices of the feed-forward
    block get no gradient, so that their inputs, ``2 + 2·f/h``, are not kept.
    """
    heads = spec.num_attention_heads
    width = spec.intermediate_size
    if spec.num_experts:
        per_token = spec.num_experts_per_token + spec.num_shared_experts
        width = int((spec.moe_intermediate_size or spec.intermediate_size) * per_token)
    query_share = heads * spec.head_dim / spec.hidden_size
    saved = TRANSFORMERS.value("decoder_saved_base") + TRANSFORMERS.value("decoder_saved_key_value") * (
        spec.num_key_value_heads / heads
    ) * max(query_share, 1.0)
    saved += TRANSFORMERS.value("decoder_saved_ffn") * width / spec.hidden_size
    if frozen:
        saved -= HALF_BYTES * (1 + width / spec.hidden_size)
    if eager:
        saved += TRANSFORMERS.value("decoder_saved_attention_matrix") * heads * seq_len / spec.hidden_size
    return saved


def encoder_bytes_per_token_width(spec: TransformerSpec, *, seq_len: int, eager: bool, dropout: bool) -> float:
    """Bytes that one layer of a BERT-like encoder keeps per token and hidden unit, in 16 bit. [bytes]

    ``16 + 4·f/h``, dropout adds 12 and, with eager attention, the matrix 2 (5 with dropout) times ``a·s/h``.
    """
    saved = TRANSFORMERS.value("encoder_saved_base")
    saved += TRANSFORMERS.value("encoder_saved_ffn") * spec.intermediate_size / spec.hidden_size
    matrix = TRANSFORMERS.value("encoder_saved_attention_matrix")
    if dropout:
        saved += TRANSFORMERS.value("encoder_saved_dropout")
        matrix += TRANSFORMERS.value("encoder_saved_attention_dropout")
    return saved + (matrix * spec.num_attention_heads * seq_len / spec.hidden_size if eager else 0.0)


def plain_decoder_bytes_per_token_width(
    spec: TransformerSpec, *, seq_len: int, eager: bool, frozen: bool = False
) -> float:
    """Bytes that one layer of a decoder without gates keeps per token and hidden unit, in 16 bit. [bytes]

    ``12 + 4·k/a + 4·f/h``: one activation function instead of a gate and its product, and layer norms in one kernel,
    as in an encoder.
    """
    key_value = spec.num_key_value_heads / spec.num_attention_heads
    expansion = spec.intermediate_size / spec.hidden_size
    saved = TRANSFORMERS.value("encoder_saved_base") - TRANSFORMERS.value("decoder_saved_key_value") * (1 - key_value)
    saved += TRANSFORMERS.value("encoder_saved_ffn") * expansion
    if frozen:
        saved -= HALF_BYTES * (1 + expansion)
    if eager:
        matrix = TRANSFORMERS.value("decoder_saved_attention_matrix")
        saved += matrix * spec.num_attention_heads * seq_len / spec.hidden_size
    return saved


def written_layer_bytes(job: Job, spec: TransformerSpec) -> float:
    """What the passes of one layer over memory are counted in, for one micro-batch, unsharded. [bytes]

    The number of passes was found with the tensors of a gated layer, whether the layer has a gate or not, and with the
    inputs of matrices that are frozen in four bits.
    """
    if spec.architecture != "decoder":
        return layer_bytes(job, spec)
    width_bytes = decoder_bytes_per_token_width(
        spec, seq_len=job.seq_len, eager=job.attention == "eager", frozen=job.method == "lora"
    )
    return job.micro_batch_size * job.seq_len * spec.hidden_size * width_bytes * precision_growth(job.precision)


def dispatched_bytes_per_token_width(spec: TransformerSpec, *, frozen: bool = False) -> float:
    """Copies of a token that one layer keeps for the experts it is sent to, per hidden unit, in 16 bit. [bytes]

    Every expert keeps what it reads, for the gradients of its matrices, and what it answers, for the gradient of the
    weight that the router gives it. Frozen experts keep the answer alone.

    References
    ----------
    .. [1] Transformers, experts of Mixtral and Qwen3, https://github.com/huggingface/transformers (models/mixtral,
       models/qwen3_moe); Megatron's token dispatcher, https://github.com/NVIDIA/Megatron-LM.
    """
    if not spec.num_experts:
        return 0.0
    return HALF_BYTES * spec.num_experts_per_token * (1 if frozen else 2)


def layer_bytes(job: Job, spec: TransformerSpec) -> float:
    """Saved activations of one layer for one micro-batch, unsharded. [bytes]"""
    eager = job.attention == "eager"
    if spec.architecture == "decoder" and not spec.gated_ffn and not spec.num_experts:
        width_bytes = plain_decoder_bytes_per_token_width(
            spec, seq_len=job.seq_len, eager=eager, frozen=job.has_adapters
        )
    elif spec.architecture == "decoder":
        width_bytes = decoder_bytes_per_token_width(spec, seq_len=job.seq_len, eager=eager, frozen=job.has_adapters)
        width_bytes += dispatched_bytes_per_token_width(spec, frozen=job.has_adapters)
    else:
        width_bytes = encoder_bytes_per_token_width(spec, seq_len=job.seq_len, eager=eager, dropout=True)
    tokens = job.micro_batch_size * job.seq_len
    return tokens * spec.hidden_size * width_bytes * precision_growth(job.precision)


def unsplit_layer_bytes(job: Job, spec: TransformerSpec) -> float:
    """What every device keeps whole of one layer for one micro-batch although its tensors are split. [bytes]

    Attention and the feed-forward block each keep their half. With adapters only that of attention is kept: frozen
    matrices need no inputs.

    References
    ----------
    .. [1] V. Korthikanti et al., "Reducing Activation Recomputation," 2022, arXiv:2205.05198, section 4.2.
    """
    if job.framework in SCALING_FRAMEWORKS:
        return 0.0
    kept = TRANSFORMERS.value("tensor_parallel_whole_bytes" + ("_pytorch" if job.framework == "pytorch" else ""))
    if job.has_adapters:
        kept /= 2
    return kept * job.micro_batch_size * job.seq_len * spec.hidden_size * precision_growth(job.precision)


def adapter_input_bytes(job: Job, spec: TransformerSpec) -> float:
    """The copies of its inputs that every adapted matrix of one layer keeps, for one micro-batch. [bytes]

    PEFT keeps adapters in fp32 beside 16-bit weights and converts what they read; mixed precision converts it back,
    so that each matrix keeps a 16-bit copy of its own. Compiled recipes share one. Query and value matrices are
    adapted, over 4-bit weights all seven.

    References
    ----------
    .. [1] PEFT, ``autocast_adapter_dtype``, https://huggingface.co/docs/peft/package_reference/peft_model.
    """
    if not job.has_adapters or job.framework != "pytorch" or job.compiled:
        return 0.0
    if job.precision in {"fp32", "tf32"}:
        return 0.0
    query = spec.num_attention_heads * spec.head_dim
    read = 2 * spec.hidden_size
    if job.method == "qlora":  # query, key, value, gate and up read the hidden state
        read = 5 * spec.hidden_size + query + spec.intermediate_size
    return HALF_BYTES * read * job.micro_batch_size * job.seq_len


def graph_growth(job: Job) -> float:
    """How much more a framework keeps than PyTorch: TensorFlow without XLA keeps every intermediate tensor. [-]"""
    plain = job.framework == "tensorflow" and not job.compiled
    return TRANSFORMERS.value("tensorflow_activation_growth") if plain else 1.0


def precision_growth(precision: str) -> float:
    """How much larger saved activations are than in pure 16 bit. [-]"""
    if precision == "amp":
        return TRANSFORMERS.value("amp_activation_growth")
    return bytes_per_element(precision) / HALF_BYTES if precision in {"fp32", "tf32"} else 1.0


def checkpoint_bytes(job: Job, spec: TransformerSpec, *, sharded: bool = False) -> float:
    """The one input per layer that gradient checkpointing keeps; recipes in 8 bits keep it in 16. [bytes]"""
    element = max(bytes_per_element(job.precision), HALF_BYTES)
    if prepared_in_fp32(job, sharded=sharded):  # embeddings cast to fp32 make the residual stream fp32
        element = FULL_BYTES
    return float(job.micro_batch_size * job.seq_len * spec.hidden_size) * element


def loss_head_bytes(job: Job, spec: TransformerSpec, *, sharded: bool = False) -> float:
    """Peak of logits, log-softmax and their gradients. [bytes]

    Language models hold several copies of ``batch · seq_len · vocabulary``; compiled losses fuse some of them.
    Masked-language models score the masked positions only, classifiers next to nothing.
    """
    if spec.architecture == "encoder":
        share = TRANSFORMERS.value("masked_token_share") if job.workload.task == "pretrain" else 0.0
    else:
        share = 1.0
    return share * loss_copies_bytes(job, sharded=sharded) * job.micro_batch_size * job.seq_len * spec.vocab_size


def loss_copies_bytes(job: Job, *, sharded: bool = False) -> float:
    """Bytes of all copies of one logit; a model whose weights are sharded hands them over in fp32. [bytes]"""
    adapts = job.workload.task == "finetune"
    if adapts and job.framework not in EAGER_TRAINERS | SCALING_FRAMEWORKS:  # kernels of its own, as Unsloth's
        return TRANSFORMERS.value("loss_head_bytes_cut")
    if adapts and job.compiled:  # programs that adapt models cut the logits, those that make them do not
        return TRANSFORMERS.value("loss_head_bytes_compiled")
    if fused_loss(job) and job.framework != "pytorch":
        return TRANSFORMERS.value("loss_head_bytes_fused")
    wrapped = sharded and job.has_adapters and job.framework == "pytorch"
    if wrapped or prepared_in_fp32(job):  # an LM head cast to fp32 makes logits and their gradients fp32
        return TRANSFORMERS.value("loss_head_bytes_fp32_head")
    if job.method == "lora":  # adapters in fp32 need mixed precision, which takes the loss in fp32
        return TRANSFORMERS.value("loss_head_bytes_mixed")
    if job.workload.task == "pretrain" and job.framework in EAGER_TRAINERS:
        return TRANSFORMERS.value("loss_head_bytes_whole_compiled" if job.compiled else "loss_head_bytes_whole")
    if adapts and job.method == "full" and job.framework == "deepspeed":  # driven by trainers that score all at once
        return TRANSFORMERS.value("loss_head_bytes_whole")
    return TRANSFORMERS.value("loss_head_bytes_eager")


def prepared_in_fp32(job: Job, *, sharded: bool = False) -> bool:
    """Whether tables, norms and head are cast to fp32 before 4-bit weights are adapted.

    PEFT does so for weights that are quantised when they are loaded, not for GPTQ and AWQ files. Programs that do
    without PEFT and compiled recipes leave it out, and so do trainers that shard the weights, because a sharded unit
    has one format.

    References
    ----------
    .. [1] TRL, ``SFTTrainer``, https://github.com/huggingface/trl (trl/trainer/sft_trainer.py).
    """
    loaded = job.method == "qlora" and job.precision != "int4" and job.framework in EAGER_TRAINERS
    return loaded and not sharded and not job.compiled


def fused_loss(job: Job) -> bool:
    """Whether the loss is compiled or comes from a framework with its own fused cross-entropy."""
    return job.compiled or job.framework in SCALING_FRAMEWORKS


def live_layer_bytes(job: Job, spec: TransformerSpec) -> Floats:
    """What recomputing one checkpointed layer holds while its backward pass runs. [bytes]"""
    return layer_bytes(job, spec) * TRANSFORMERS.value("live_layer_copies")

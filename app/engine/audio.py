"""Speech recognition with transformers: 30-second windows per second, and memory.

One sample is one window of 30 seconds, which the encoder always sees in full: 1,500 positions, however short the speech
(Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision," arXiv:2212.04356, section 2.2).
Real-time factor = samples/s x 30. Models that only listen, such as wav2vec 2.0, see the sound itself through
convolutions and write nothing (Baevski et al., arXiv:2006.11477, section 4.2); theirs are counted in windows too.
Models that are one decoder are estimated in :mod:`app.engine.speaking`.
"""

import numpy as np

from app.engine import speaking
from app.engine.arrays import FloatArray
from app.engine.coefficients import TRANSFORMERS
from app.engine.coefficients_networks import NETWORKS
from app.engine.gradient_exchange import exchange_s, exposed_s
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.network_math import uses_matrix_units
from app.engine.network_memory import STATES, overhead_parts
from app.engine.network_speed import OVERLAP_POWER, host_speed, thread_share
from app.engine.precision import bytes_per_element, bytes_per_parameter, peak_flops_per_s
from app.engine.result import Footprint, MemoryPart, Pace, Physics
from app.engine.roofline import longest_part
from app.engine.sharded_state import exchanged_bytes, shared_parts
from app.engine.units import FULL_BYTES, HALF_BYTES

ENCODER_POSITIONS = 1500
"""Positions after the convolutional stem for one window."""
DECODER_LAYER_PARAMETERS = 16
"""Parameters of a decoder layer in units of width squared: self-attention 4, cross-attention 4, feed-forward 8."""
ENCODER_LAYER_PARAMETERS = 12
"""Same for an encoder layer: self-attention 4, feed-forward 8."""
CTRANSLATE = frozenset({"other", "onnxruntime", "tensorrt"})
"""Frameworks with fused inference kernels, such as CTranslate2 of faster-whisper."""
WITHOUT_PYTHON = frozenset({"llama.cpp"})
"""Programs that prepare the sound and choose the words in C++, as whisper.cpp does."""
WINDOW_SAMPLES = 480_000
"""Sound of one window: 30 seconds at 16 kHz."""
SOUND_CHANNELS = 512
"""Channels of the convolutions over the sound. wav2vec 2.0, section 4.2."""
SOUND_CONVOLUTIONS = ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2))
"""Width and stride of each of them. wav2vec 2.0, section 4.2."""


def physics(job: Job, systems: Systems) -> Physics:
    """Memory [bytes] and speed [30-second windows/s] of transcribing with, or training, a speech transformer."""
    spec = job.model
    if not isinstance(spec, TransformerSpec):
        raise TypeError(f"audio.physics needs a TransformerSpec, not {type(spec).__name__}")
    if speaking.is_one_decoder(spec):
        return speaking.physics(job, systems)
    if job.training:
        pace = _training_pace(job, systems, spec)
    else:
        pace = _transcribing_pace(job, systems, spec) if writes(spec) else _listening_pace(job, systems, spec)
    return Physics(_footprint(job, systems, spec), pace)


def encoder_flops(spec: TransformerSpec) -> float:
    """Encoder operations for one window. [FLOP]"""
    layers, width = _encoder_layers(spec), spec.hidden_size
    weights = ENCODER_LAYER_PARAMETERS * layers * width**2
    blocks = 2.0 * weights * ENCODER_POSITIONS + 4.0 * layers * width * ENCODER_POSITIONS**2
    return blocks + (0.0 if writes(spec) else sound_flops())


def sound_flops() -> float:
    """Operations of the convolutions that turn the sound of one window into 1,500 positions. [FLOP]

    >>> round(sound_flops() / 1e9)
    147
    """
    flops, positions, channels = 0.0, float(WINDOW_SAMPLES), 1
    for wide, stride in SOUND_CONVOLUTIONS:
        positions /= stride
        flops += 2.0 * positions * wide * channels * SOUND_CHANNELS
        channels = SOUND_CHANNELS
    return flops


def sound_values() -> float:
    """Values that those convolutions put out for one window. [-]

    >>> round(sound_values() / 1e6)
    98
    """
    values, positions = 0.0, float(WINDOW_SAMPLES)
    for _, stride in SOUND_CONVOLUTIONS:
        positions /= stride
        values += positions * SOUND_CHANNELS
    return values


def listening_bytes(job: Job, spec: TransformerSpec) -> float:
    """What norms, activations and scores of a model that only listens move for one window, kernel by kernel. [bytes]

    Counted as for text encoders: sound is 1,500 positions, whose scores matter. In half precision the kernels called
    one by one take as long as in full.
    """
    fused = job.compiled or job.framework in CTRANSLATE
    each = TRANSFORMERS.value("encoder_traffic_fused" if fused else "encoder_traffic_eager") * spec.hidden_size
    if job.workload.attention != "flash":
        each += TRANSFORMERS.value("encoder_traffic_scores") * spec.num_attention_heads * ENCODER_POSITIONS
    element = cache_element_bytes(job) if fused else FULL_BYTES
    return (
        each * ENCODER_POSITIONS * _encoder_layers(spec) + NETWORKS.value("sound_passes") * sound_values()
    ) * element


def writes(spec: TransformerSpec) -> bool:
    """Whether a decoder writes text; models that only listen label their positions."""
    return spec.architecture != "encoder"


def decoder_flops_per_token(spec: TransformerSpec) -> float:
    """Decoder operations for one written token, the vocabulary included. [FLOP]"""
    if not writes(spec):
        return 0.0
    layers, width = _decoder_layers(spec), spec.hidden_size
    weights = DECODER_LAYER_PARAMETERS * layers * width**2 + spec.vocab_size * width
    return 2.0 * weights + 4.0 * layers * width * ENCODER_POSITIONS


def cache_bytes(job: Job, spec: TransformerSpec, *, beams: float) -> float:
    """Keys and values: of the encoder output once per window, of the decoder's own tokens once per beam. [bytes]"""
    tokens = job.workload.output_tokens or NETWORKS.value("speech_tokens_per_window")
    values = 2.0 * _decoder_layers(spec) * spec.hidden_size * (ENCODER_POSITIONS + tokens * beams)
    return values * cache_element_bytes(job) * job.micro_batch_size


def heard_bytes(job: Job, spec: TransformerSpec) -> float:
    """Keys and values of the encoder output, which every beam reads for every token. [bytes]"""
    values = 2.0 * _decoder_layers(spec) * spec.hidden_size * ENCODER_POSITIONS * job.micro_batch_size
    return values * cache_element_bytes(job)


def cache_element_bytes(job: Job) -> float:
    """Bytes of one key or value. [bytes]"""
    return max(bytes_per_element(job.precision), 2.0)


def _encoder_layers(spec: TransformerSpec) -> int:
    return spec.encoder_layers or max(spec.num_hidden_layers // (2 if writes(spec) else 1), 1)


def _decoder_layers(spec: TransformerSpec) -> int:
    return spec.decoder_layers or max(spec.num_hidden_layers // 2, 1) if writes(spec) else 0


def _rate(job: Job, systems: Systems) -> FloatArray:
    groups = families(systems.devices)
    peak = peak_flops_per_s(job.precision if job.precision != "int8" else "fp16", systems.devices)
    matrix = NETWORKS.column("speech_matrix_efficiency", groups)
    vector = NETWORKS.column("gemm_vector_efficiency", groups)
    return peak * np.where(uses_matrix_units(peak, systems.devices), matrix, vector) * thread_share(systems)


def _transcribing_pace(job: Job, systems: Systems, spec: TransformerSpec) -> Pace:
    groups = families(systems.devices)
    batch, beams = job.micro_batch_size, NETWORKS.value("speech_beams")
    tokens = job.workload.output_tokens or NETWORKS.value("speech_tokens_per_window")
    rate = _rate(job, systems)
    reached = NETWORKS.column("bandwidth_efficiency", groups) * systems.devices.memory_bandwidth_bytes_per_s
    encode_s = encoder_flops(spec) * batch / rate
    width, layers = spec.hidden_size, _decoder_layers(spec)
    decoder = DECODER_LAYER_PARAMETERS * layers * width**2 + spec.vocab_size * width
    wide = np.where(systems.devices.where(kind="cpu"), FULL_BYTES / cache_element_bytes(job), 1.0)
    caches = cache_bytes(job, spec, beams=beams) + (beams - 1) * heard_bytes(job, spec)
    read = decoder * bytes_per_parameter(job.precision) + caches * wide  # processors keep activations in fp32
    mode = _mode(job)
    if mode == "eager":
        reached = reached * NETWORKS.column("speech_reading_eager", groups)
    launched = layers * NETWORKS.value("kernels_per_speech_block") / host_speed(systems.devices)
    host_s = launched * NETWORKS.column(f"launch_s_{mode}", groups)
    work_s = read / reached + decoder_flops_per_token(spec) * batch * beams / rate
    token_s = (work_s**OVERLAP_POWER + host_s**OVERLAP_POWER) ** (1 / OVERLAP_POWER)
    share = NETWORKS.value("speech_host_share_without_python") if job.framework in WITHOUT_PYTHON else 1.0
    token_s = token_s + share * NETWORKS.value("speech_token_host_s") / host_speed(systems.devices)
    features_s = share * batch * NETWORKS.value("speech_features_s") / host_speed(systems.devices)
    flops = encoder_flops(spec) + decoder_flops_per_token(spec) * tokens
    return Pace(
        unit="samples/s",
        step_s=(encode_s + tokens * token_s) * (1 + NETWORKS.value("speech_repeated_share")) + features_s,
        units_per_step=batch * systems.count,
        model_flops_per_step=flops * batch * systems.count,
        bound_by=longest_part(compute=encode_s, memory=tokens * work_s, overhead=tokens * host_s + features_s),
        comparable_peak="fp32" if job.precision == "fp32" else "fp16",
    )


def _mode(job: Job) -> str:
    if job.framework in CTRANSLATE | WITHOUT_PYTHON:
        return "runtime"
    return "compiled" if job.compiled else "eager"


def _listening_pace(job: Job, systems: Systems, spec: TransformerSpec) -> Pace:
    """One pass over every window: nothing is written token by token."""
    batch, layers = job.micro_batch_size, _encoder_layers(spec)
    math_s = encoder_flops(spec) * batch / _rate(job, systems)
    launched = (layers + len(SOUND_CONVOLUTIONS)) * NETWORKS.value("kernels_per_attention_block")
    host_s = launched * NETWORKS.column(f"launch_s_{_mode(job)}", families(systems.devices))
    host_s = host_s / host_speed(systems.devices)
    reached = NETWORKS.column("bandwidth_efficiency", families(systems.devices))
    moved = spec.parameters * bytes_per_parameter(job.precision) + listening_bytes(job, spec) * batch
    read_s = moved / reached / systems.devices.memory_bandwidth_bytes_per_s
    work_s = math_s + read_s
    return Pace(
        unit="samples/s",
        step_s=(work_s**OVERLAP_POWER + host_s**OVERLAP_POWER) ** (1 / OVERLAP_POWER),
        units_per_step=batch * systems.count,
        model_flops_per_step=encoder_flops(spec) * batch * systems.count,
        bound_by=longest_part(compute=math_s, memory=read_s, overhead=host_s),
        comparable_peak="fp32" if job.precision == "fp32" else "fp16",
    )


def _training_pace(job: Job, systems: Systems, spec: TransformerSpec) -> Pace:
    groups = families(systems.devices)
    tokens = NETWORKS.value("speech_tokens_per_window")
    forward = (encoder_flops(spec) + decoder_flops_per_token(spec) * tokens) * job.micro_batch_size
    repeated = 1.0 if job.gradient_checkpointing else 0.0
    math_s = forward * (3.0 + repeated) / (_rate(job, systems) * NETWORKS.value("speech_training_efficiency"))
    blocks = _encoder_layers(spec) + _decoder_layers(spec)
    launches = blocks * NETWORKS.value("kernels_per_attention_block") / host_speed(systems.devices)
    host_s = (
        launches * NETWORKS.column("launch_s_eager", groups) * (1 + NETWORKS.value("backward_launches_per_forward"))
    )
    reached = NETWORKS.column("bandwidth_efficiency", groups) * systems.devices.memory_bandwidth_bytes_per_s
    moved = spec.parameters * FULL_BYTES * (2 + STATES[job.optimizer]) * NETWORKS.value("optimizer_passes")
    update_s = moved / reached / job.gradient_accumulation_steps
    moving_s = (0.0 if writes(spec) else listening_bytes(job, spec) * job.micro_batch_size) / reached
    math_s = math_s + moving_s * (3.0 + repeated)
    pass_s = (math_s**OVERLAP_POWER + host_s**OVERLAP_POWER) ** (1 / OVERLAP_POWER)
    whole = spec.parameters * FULL_BYTES
    sent = exchanged_bytes(systems, gradient_bytes=whole, weight_bytes=whole)
    exchange = exchange_s(systems, payload_bytes=sent) / job.gradient_accumulation_steps
    waiting = exposed_s(exchange=exchange, step=pass_s, count=systems.count)
    return Pace(
        unit="samples/s",
        step_s=pass_s + update_s + waiting,
        units_per_step=job.micro_batch_size * systems.count,
        model_flops_per_step=forward * 3.0 * systems.count,
        bound_by=longest_part(compute=math_s, memory=update_s, overhead=host_s, communication=waiting),
        comparable_peak="fp32" if job.precision == "fp32" else "fp16",
    )


def held_bytes_per_parameter(job: Job) -> float:
    """Bytes that a weight takes: the reference program keeps it in fp32 and converts it for every product. [bytes]

    Who names PyTorch is taken to run that program; who names nothing may use a library that holds 16-bit weights.

    References
    ----------
    .. [1] OpenAI, ``whisper/model.py``, class ``Linear``, https://github.com/openai/whisper.
    """
    return FULL_BYTES if taken_for_reference(job) else bytes_per_parameter(job.precision)


def taken_for_reference(job: Job) -> bool:
    """Whether the framework of the reference program was named, and nothing else was that it does not do."""
    return job.workload.framework is not None and held_twice_as_wide(job)


def held_twice_as_wide(job: Job) -> bool:
    """Whether a 16-bit job may be the reference program's, whose weights stay in fp32."""
    reference = job.framework == "pytorch" and not job.compiled
    return reference and not job.training and job.precision in {"fp16", "bf16"}


def _footprint(job: Job, systems: Systems, spec: TransformerSpec) -> Footprint:
    held = held_bytes_per_parameter(job)
    counted = f"{spec.parameters:.4g} parameters x {held:g} bytes"
    why = ", kept in fp32 and narrowed for every product" if taken_for_reference(job) else ""
    parts = [_part("weights", spec.parameters * held, systems, counted + why)]
    element = max(bytes_per_element(job.precision), 2.0)
    width = spec.hidden_size
    positions = ENCODER_POSITIONS * job.micro_batch_size
    if job.training:
        unit = HALF_BYTES if job.precision in {"fp16", "bf16"} else FULL_BYTES
        share = NETWORKS.value("adapter_fraction") if job.has_adapters else 1.0
        trained = spec.parameters * share
        states = STATES[job.optimizer]
        blocks = (
            _encoder_layers(spec)
            + _decoder_layers(spec) * NETWORKS.value("speech_tokens_per_window") / ENCODER_POSITIONS
        )
        kept = NETWORKS.value("speech_kept_widths_per_layer") * positions * width * blocks * element
        if job.gradient_checkpointing:
            kept *= NETWORKS.value("checkpointed_activations_fraction")
        parts += [
            _part("gradients", trained * unit, systems, f"{trained:.4g} parameters x {unit:g} bytes"),
            _part(
                "optimizer",
                trained * unit * states,
                systems,
                f"{trained:.4g} parameters x {states:g} states x {unit:g} bytes",
            ),
            _part("activations", kept, systems, f"{positions} encoder positions x {width} wide x {blocks:.3g} layers"),
        ]
        layers = _encoder_layers(spec) + _decoder_layers(spec)
        parts = shared_parts(parts, systems, unit_bytes=spec.parameters * held / layers)
    else:
        on_cpu = systems.devices.where(kind="cpu")
        plain = NETWORKS.value("speech_live_widths")
        fused = NETWORKS.value("speech_live_widths_fused") if job.framework in CTRANSLATE else plain
        live = positions * width * element * np.where(on_cpu, plain, fused)  # fused attention is for GPUs
        cache = cache_bytes(job, spec, beams=1)  # beams share what they have in common
        wider = np.where(on_cpu, FULL_BYTES / element, 1.0)
        parts += [
            MemoryPart("kv_cache", cache * wider, f"encoder positions and tokens x batch {job.micro_batch_size}"),
            MemoryPart("activations", live * wider, f"{positions} encoder positions x {width} wide, fp32 on a CPU"),
            MemoryPart(
                "buffers", NETWORKS.column("speech_buffer_bytes", families(systems.devices)), "decoding library"
            ),
        ]
    return Footprint((*parts, *overhead_parts(systems, job.precision)))


def _part(name: str, value: float, systems: Systems, formula: str) -> MemoryPart:
    return MemoryPart(name, np.full(len(systems), value), formula)

"""Inference of encoders: one pass over a batch of whole sequences."""

import numpy as np

from app.engine.coefficients import TRANSFORMERS
from app.engine.flops import forward_flops_per_token
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.memory import stored_weight_bytes
from app.engine.model_spec import TransformerSpec
from app.engine.precision import bytes_per_element, sustained_flops_per_s
from app.engine.result import Pace
from app.engine.roofline import StepTime, saturation

QUANTISING = frozenset({"tensorrt", "onnxruntime"})
"""Runtimes that multiply 8-bit numbers in the layers of an encoder; others store them and multiply in 16 bits."""
EIGHT_BIT = frozenset({"int8", "fp8"})
FUSING_ATTENTION = frozenset({"tensorrt"})
"""Runtimes whose scores never leave the chip, and whose layers are a handful of kernels."""


def encoder_pace(job: Job, systems: Systems) -> Pace:
    """Tokens per second of one encoder pass over a batch: sequences per second times their length. [tokens/s]"""
    spec = job.model
    assert isinstance(spec, TransformerSpec)
    plan, groups = systems.plan, families(systems.devices)
    tokens = job.micro_batch_size * job.seq_len
    flops = tokens * forward_flops_per_token(spec, job.seq_len)
    narrow = job.framework in QUANTISING and job.precision in EIGHT_BIT
    peak = sustained_flops_per_s(job.precision, systems.devices, integers=narrow)
    wide = "encoder_math_fraction_fp32" if job.precision == "fp32" else "encoder_math_fraction"
    name = "encoder_math_fraction_8_bit" if narrow else wide
    fraction = TRANSFORMERS.column(name, groups) * saturation(
        tokens, TRANSFORMERS.column("encoder_half_tokens", groups)
    )
    fraction = fraction * saturation(
        spec.hidden_size / plan.tensor_parallel, TRANSFORMERS.column("training_half_width", groups)
    )
    if job.framework == "tensorflow" and job.precision not in {"fp32", "tf32"}:
        fraction = fraction * TRANSFORMERS.value("encoder_math_share_tensorflow")
    math = flops / plan.tensor_parallel / (peak * fraction)
    bandwidth = systems.devices.memory_bandwidth_bytes_per_s * TRANSFORMERS.column("stream_fraction", groups)
    eager = job.framework in {"pytorch", "other"} and not job.compiled
    elements = TRANSFORMERS.value("encoder_traffic_eager" if eager else "encoder_traffic_fused") * spec.hidden_size
    if job.framework not in FUSING_ATTENTION:
        elements += TRANSFORMERS.value("encoder_traffic_scores") * spec.num_attention_heads * job.seq_len
    traffic = tokens * spec.num_hidden_layers * elements * bytes_per_element(job.precision) + stored_weight_bytes(
        spec, job.precision
    )
    memory = traffic / plan.tensor_parallel / bandwidth
    fixed = "encoder_layer_eager_s" if eager else "encoder_layer_s"
    layer = TRANSFORMERS.column("encoder_layer_runtime_s" if job.framework in FUSING_ATTENTION else fixed, groups)
    hidden = math + memory if eager else 0.0 * math  # an eager queue runs ahead of the device
    overhead = np.maximum(layer * spec.num_hidden_layers - hidden, 0.0)
    time = StepTime(math, memory, 0.0 * math, overhead)
    units = tokens * plan.data_parallel
    return Pace(
        unit="tokens/s",
        step_s=time.total_s,
        units_per_step=units,
        model_flops_per_step=flops * plan.data_parallel,
        bound_by=time.bound_by,
        communication_share=np.zeros(len(systems)),
        bubble_fraction=np.zeros(len(systems)),
    )

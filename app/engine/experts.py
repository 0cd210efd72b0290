"""What experts cost beside their operations in training: sorted tokens, narrow products, launches."""

import numpy as np

from app.engine.accumulation import micro_batch_samples
from app.engine.arrays import FloatArray
from app.engine.coefficients import TRANSFORMERS
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.params import expert_parameters, multiplied_parameters
from app.engine.precision import NARROW_FLOATS, bytes_per_element, width_share
from app.engine.roofline import saturation
from app.engine.units import HALF_BYTES

WHOLE_GRAPHS = frozenset({"jax"})
"""Frameworks whose compiler launches a whole step at once."""


def routed_share(spec: TransformerSpec) -> float:
    """Share of the multiplied parameters of a token that are routed experts. [-]

    >>> from app.engine.transformer_shape import inferred_transformer
    >>> routed_share(inferred_transformer("dense", parameters=7e9, architecture="decoder"))
    0.0
    """
    if not spec.num_experts:
        return 0.0
    active = expert_parameters(spec) * spec.num_experts_per_token / spec.num_experts
    return min(active / multiplied_parameters(spec), 1.0)


def product_growth(job: Job, spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Times as long as in a dense model the products of a token take: those of experts are many and narrow. [-]

    Tiles of few tokens take as long to begin and end in 8 bits, whose products are done in half the time, so that
    narrow experts gain least from them.

    References
    ----------
    .. [1] T. Gale et al., "MegaBlocks," 2022, arXiv:2211.15841, section 6.
    """
    routed = routed_share(spec)
    if not routed:
        return np.ones(len(systems))
    times_as_fast = HALF_BYTES / bytes_per_element(job.precision) if job.precision in NARROW_FLOATS else 1.0
    half_width = times_as_fast * TRANSFORMERS.value("expert_half_width")
    narrow = saturation(spec.moe_intermediate_size or spec.intermediate_size, half_width)
    wide = width_share(spec.hidden_size, systems)
    reached = TRANSFORMERS.value("expert_math_share") * np.minimum(narrow / wide, 1.0)
    return 1 - routed + routed / reached


def routed_bytes(job: Job, spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Bytes that the copies of tokens move on their way to experts and back, for one micro-batch. [bytes]"""
    if not spec.num_experts:
        return np.zeros(1)
    tokens = micro_batch_samples(job, systems.plan) * job.seq_len
    copies = TRANSFORMERS.value("routed_token_passes") * spec.num_experts_per_token
    layers = spec.num_hidden_layers - spec.num_dense_layers
    return tokens * copies * layers * spec.hidden_size * HALF_BYTES


def expert_launch_s(job: Job, spec: TransformerSpec, *, systems: Systems) -> FloatArray:
    """Time to launch the kernels of the experts that one device holds, for one micro-step. [s]

    Every expert is multiplied, and in 8 bits also converted, by kernels of its own. The processor cannot launch them
    ahead: how many tokens an expert gets is known only once they are routed.
    """
    if not spec.num_experts or job.framework in WHOLE_GRAPHS:
        return np.zeros(1)
    plan = systems.plan
    held = spec.num_experts / plan.expert_parallel
    each = TRANSFORMERS.value("kernels_per_expert_fp8" if job.precision in NARROW_FLOATS else "kernels_per_expert")
    layers = (spec.num_hidden_layers - spec.num_dense_layers) / plan.pipeline_parallel
    return layers * held * each * TRANSFORMERS.column("launch_s", families(systems.devices))

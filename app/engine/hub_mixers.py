"""Layers that mix tokens without attention: how many parameters each has, from the fields of its config. [-]"""

from collections.abc import Callable, Mapping
from typing import Protocol


class Fields(Protocol):
    """Whole numbers of a config by name."""

    def count(self, name: str) -> int | None:
        """The number, or None."""


def _number(fields: Fields, *names: str, default: int) -> int:
    return next((found for name in names if (found := fields.count(name))), default)


def mamba(fields: Fields, hidden: int) -> int:
    """A selective state space: in, convolution, step and state projections, out. [-]

    References
    ----------
    .. [1] A. Gu and T. Dao, "Mamba," 2023, arXiv:2312.00752.
    """
    expanded = hidden * _number(fields, "mamba_expand", "expand", default=2)
    is_alone = fields.count("mamba_expand") is None
    inner = _number(fields, "intermediate_size", default=expanded) if is_alone else expanded
    state = _number(fields, "mamba_d_state", "state_size", default=16)
    kernel = _number(fields, "mamba_d_conv", "conv_kernel", default=4)
    rank = _number(fields, "mamba_dt_rank", "time_step_rank", default=-(-hidden // 16))
    projections = 2 * hidden * inner + inner * (rank + 2 * state) + rank * inner + inner + inner * hidden
    normed = 0 if is_alone else rank + 2 * state
    return projections + inner * (kernel + 1) + inner * state + inner + normed


def mamba2(fields: Fields, hidden: int) -> int:
    """The same with one step and one decay for each head. [-]

    References
    ----------
    .. [1] T. Dao and A. Gu, "Transformers are SSMs," 2024, arXiv:2405.21060.
    """
    inner = hidden * _number(fields, "expand", default=2)
    heads = _number(fields, "num_heads", default=max(1, inner // 64))
    mixed = inner + 2 * _number(fields, "n_groups", default=1) * _number(fields, "state_size", default=128)
    kernel = _number(fields, "conv_kernel", default=4)
    return hidden * (inner + mixed + heads) + mixed * (kernel + 1) + 3 * heads + inner + inner * hidden


def gated_delta(fields: Fields, hidden: int) -> int:
    """Linear attention with a gated delta rule. [-]

    References
    ----------
    .. [1] S. Yang et al., "Gated Delta Networks," 2024, arXiv:2412.06464.
    """
    keys = _number(fields, "linear_num_key_heads", default=16) * _number(fields, "linear_key_head_dim", default=128)
    heads = _number(fields, "linear_num_value_heads", default=32)
    values = heads * _number(fields, "linear_value_head_dim", default=128)
    kernel = _number(fields, "linear_conv_kernel_dim", default=4)
    return hidden * (2 * keys + 2 * values + 2 * heads) + (2 * keys + values) * kernel + 2 * heads + values * hidden


MIXERS: Mapping[str, Callable[[Fields, int], int]] = {"mamba": mamba, "mamba2": mamba2, "gated_delta": gated_delta}
"""By the name that a family gives."""

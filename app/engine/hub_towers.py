"""The parts of a multimodal config that see and hear: how many parameters they and the way into the text have. [-]"""

from collections.abc import Mapping
from typing import Any, Protocol

from app.engine.units import COLOURS


class Fields(Protocol):
    """Whole numbers of a config by name."""

    def count(self, name: str) -> int | None:
        """The number, or None."""

    def raw(self, name: str) -> object:
        """The field as it stands."""


GATED = ("qwen2_5_vl", "pixtral")
"""Towers whose feed-forward layers have three matrices."""
MERGED = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe")
"""Towers that hand on several patches as one."""


def vision_parameters(fields: Fields, *, hidden: int) -> float:
    """Blocks, patches, places and the projector into a text part of this width. [-]

    The block is that of a vision transformer; what small parts leave out is below one in a hundred of such models.
    """
    kind = str(fields.raw("model_type") or "")
    side = fields.count("embed_dim") or fields.count("hidden_size") or 0
    depth = sum(fields.count(name) or 0 for name in ("num_hidden_layers", "num_global_layers")) or (
        fields.count("depth") or 0
    )
    width = fields.count("intermediate_size") or _ratio(fields) * side
    matrices = 3 if kind.startswith(GATED) else 2
    block = 4 * side * side + matrices * side * width + 9 * side + width
    patch = fields.count("patch_size") or fields.count("spatial_patch_size") or 0
    patches = COLOURS * patch * patch * (fields.count("temporal_patch_size") or 1) * side
    picture = fields.count("image_size")
    places = (picture // patch) ** 2 * side if picture and patch and kind not in GATED else 0
    return float(depth * block + patches + places + _projector(fields, kind, side=side, hidden=hidden))


def _projector(fields: Fields, kind: str, *, side: int, hidden: int) -> int:
    if kind.startswith(MERGED):
        merged = side * (fields.count("spatial_merge_size") or 2) ** 2
        return merged * merged + merged * hidden
    handed = fields.count("vision_output_dim")
    if handed:
        return handed * hidden
    return side * hidden + (0 if kind.startswith("siglip") else hidden * hidden)


def _ratio(fields: Fields) -> int:
    ratio = fields.raw("mlp_ratio")
    return round(ratio) if isinstance(ratio, int | float) and 0 < ratio < 100 else 4


def seen_by(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The part of a config that describes the tower."""
    part = config.get("vision_config")
    return part if isinstance(part, dict) else None


def heard_by(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The part of a config that describes an encoder of sound, whose positions the text part reads."""
    part = config.get("audio_config")
    return part if isinstance(part, dict) else None


def sound_parameters(fields: Fields, *, hidden: int) -> float:
    """Blocks of an encoder of sound, and the way into a text part of this width. [-]

    >>> from app.engine.hub_config import ConfigFields
    >>> tower = {"d_model": 1280, "encoder_layers": 32, "encoder_ffn_dim": 5120}
    >>> round(sound_parameters(ConfigFields(tower), hidden=4096) / 1e6)
    634
    """
    side = fields.count("d_model") or fields.count("hidden_size") or 0
    depth = fields.count("encoder_layers") or fields.count("num_hidden_layers") or 0
    width = fields.count("encoder_ffn_dim") or fields.count("intermediate_size") or _ratio(fields) * side
    return float(depth * (4 * side * side + 2 * side * width) + side * hidden)

"""What networks are built of, which followed from names of families before."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WINDOWS = (
    "swin", "hiera", "pvt", "segformer", "mvit", "twins", "nest", "gcvit", "focalnet", "davit", "xcit", "cait",
)  # fmt: skip
TRANSFORMERS_OF_WINDOWS = ("coat", "levit", "tinyvit", "volo")
EQUAL_BLOCKS = ("vit", "deit", "beit", "eva", "dinov2", "siglip")
MIXED = ("mixer", "resmlp", "gmlp")
ATTENTION = (*EQUAL_BLOCKS, "videomae", "v-jepa", "timesformer", "mask2former", "sam", "detr", "yolos")
JOINED = (
    "inception", "googlenet", "squeezenet", "shufflenet", "seresne", "resnetrs", "resnest", "convnextv2", "dpn",
    "hrnet", "poolformer", "efficientformer", "mixnet", "mobilenetv3", "mobilenet_v3", "ghostnet", "regnety",
    "efficientnet_b", "tf_efficientnet_b",
)  # fmt: skip
DENSE_1X1 = ("convnext", "metaformer", "caformer", "convformer")
DENSE_3X3 = {
    "vgg": 1.0, "repvgg": 1.0, "resnet": 0.45, "seresnet": 0.45, "ecaresnet": 0.45, "resnetrs": 0.45,
    "cspresnet": 0.45, "cspdarknet": 0.6, "dla": 0.6, "densenet": 0.35, "inception": 0.15, "squeezenet": 0.5,
    "googlenet": 0.5, "alexnet": 0.3,
    **dict.fromkeys((
        "coatnet", "convnext", "dpn", "edgenext", "efficientformer", "efficientnet", "fastvit", "ghostnet", "hrnet",
        "maxvit", "metaformer", "mixnet", "mnasnet", "mobilenet", "mobilevit", "nature-cnn", "nfnet", "poolformer",
        "r3d", "regnet", "res2net", "resnest", "resnext", "s3d", "shufflenet", "xception",
    ), 0.0),
}  # fmt: skip
"""By family; nobody knows of others. A seed that says more of a newer family has to be told here as well."""
BOTTLENECKS_FROM = 50
"""Residual nets with fewer layers have two 3 x 3 convolutions a block: K. He et al., arXiv:1512.03385, table 1."""


def upgrade() -> None:
    with op.batch_alter_table("networks") as table:
        table.add_column(sa.Column("tokens_meet", sa.String(length=20), server_default="", nullable=False))
        table.add_column(sa.Column("joins_maps", sa.Boolean(), server_default=sa.false(), nullable=False))
        table.add_column(sa.Column("dense_1x1", sa.Boolean(), server_default=sa.false(), nullable=False))
        table.add_column(sa.Column("dense_3x3_share", sa.Float(), nullable=True))
    networks = sa.table(
        "networks",
        *map(sa.column, ("slug", "name", "architecture", "family", "depth")),
        sa.column("tokens_meet", sa.String),
        sa.column("joins_maps", sa.Boolean),
        sa.column("dense_1x1", sa.Boolean),
        sa.column("dense_3x3_share", sa.Float),
    )
    bind = op.get_bind()
    for row in bind.execute(sa.select(networks)).all():
        bind.execute(networks.update().where(networks.c.slug == row.slug).values(**_structure(row)))


def downgrade() -> None:
    with op.batch_alter_table("networks") as table:
        for column in ("dense_3x3_share", "dense_1x1", "joins_maps", "tokens_meet"):
            table.drop_column(column)


def _structure(row: sa.Row[Any]) -> dict[str, Any]:
    family = row.family.lower()
    convolutional = row.architecture == "cnn"
    share = DENSE_3X3.get(family) if convolutional else None
    if convolutional and family == "resnet" and row.depth is not None and row.depth < BOTTLENECKS_FROM:
        share = 0.95
    return {
        "tokens_meet": _tokens_meet(family, row.architecture),
        "joins_maps": convolutional and _joins_maps(family, row.name),
        "dense_1x1": family.startswith(DENSE_1X1),
        "dense_3x3_share": share,
    }


def _joins_maps(family: str, name: str) -> bool:
    return (family.startswith(JOINED) or name.startswith(JOINED)) and not name.startswith("inception_next")


def _tokens_meet(family: str, architecture: str) -> str:
    if not family:
        return ""
    if family.startswith(WINDOWS) or (architecture == "vit" and family.startswith(TRANSFORMERS_OF_WINDOWS)):
        return "windows"
    if family.startswith(MIXED):
        return "mixed"
    if architecture == "vit" and family.startswith(EQUAL_BLOCKS):
        return "equal_blocks"
    return "attention" if architecture == "vit" or family.startswith(ATTENTION) else "none"

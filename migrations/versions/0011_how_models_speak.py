"""How many tokens a second of sound takes, of models that speak."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STEPS_PER_S = {
    "orpheus-3b": 82.0, "qwen3-tts-0.6b": 44.0, "qwen3-tts-1.7b": 44.0,
    "musicgen-small": 50.0, "musicgen-medium": 50.0, "musicgen-large": 50.0,
}  # fmt: skip


def upgrade() -> None:
    with op.batch_alter_table("transformers") as table:
        table.add_column(sa.Column("sound_tokens_per_s", sa.Float(), nullable=True))
    models = sa.table("transformers", sa.column("slug"), sa.column("sound_tokens_per_s"))
    for slug, steps in STEPS_PER_S.items():
        op.get_bind().execute(models.update().where(models.c.slug == slug).values(sound_tokens_per_s=steps))


def downgrade() -> None:
    with op.batch_alter_table("transformers") as table:
        table.drop_column("sound_tokens_per_s")

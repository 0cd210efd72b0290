"""What of the seed was taken over, so that a newer seed knows what nobody has touched."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seed_entries",
        sa.Column("entity", sa.String(length=40), nullable=False),
        sa.Column("identity", sa.String(length=400), nullable=False),
        sa.Column("key", sa.String(length=120), server_default="", nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("entity", "identity", name=op.f("pk_seed_entries")),
    )


def downgrade() -> None:
    op.drop_table("seed_entries")

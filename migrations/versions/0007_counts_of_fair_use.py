"""How often each client asked of late, shared by all processes."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    unlogged = ["UNLOGGED"] if op.get_bind().dialect.name == "postgresql" else []  # counts need not survive a crash
    op.create_table(
        "rate_counts",
        sa.Column("client", sa.String(length=80), nullable=False),
        sa.Column("window", sa.BigInteger(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("client", "window", name=op.f("pk_rate_counts")),
        prefixes=unlogged,
    )


def downgrade() -> None:
    op.drop_table("rate_counts")

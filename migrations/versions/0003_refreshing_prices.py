"""Runs of price sources, changes held for a person, validators and leases."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COUNTS = (
    "rows_seen",
    "rows_new",
    "rows_changed",
    "rows_unchanged",
    "rows_vanished",
    "rows_held",
    "rows_rejected",
)


def upgrade() -> None:
    op.create_table(
        "refresh_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("message", sa.String(length=2000), server_default="", nullable=False),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in COUNTS),
        sa.Column("rejections", sa.Text(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_runs")),
    )
    op.create_index(op.f("ix_refresh_runs_source"), "refresh_runs", ["source"], unique=False)
    op.create_table(
        "source_validators",
        sa.Column("address", sa.String(length=600), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("etag", sa.String(length=400), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_source_validators")),
    )
    op.create_index(op.f("ix_source_validators_source"), "source_validators", ["source"], unique=False)
    op.create_table(
        "work_leases",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_work_leases")),
    )
    op.create_table(
        "held_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("identity", sa.String(length=600), nullable=False),
        sa.Column("detail", sa.String(length=2000), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("decision", sa.String(length=10), server_default="waiting", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=200), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["run"], ["refresh_runs.id"], name=op.f("fk_held_changes_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_changes")),
        sa.UniqueConstraint("source", "kind", "identity", name=op.f("uq_held_changes_source_kind_identity")),
    )
    op.create_index(op.f("ix_held_changes_decision"), "held_changes", ["decision"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_held_changes_decision"), table_name="held_changes")
    op.drop_table("held_changes")
    op.drop_table("work_leases")
    op.drop_index(op.f("ix_source_validators_source"), table_name="source_validators")
    op.drop_table("source_validators")
    op.drop_index(op.f("ix_refresh_runs_source"), table_name="refresh_runs")
    op.drop_table("refresh_runs")

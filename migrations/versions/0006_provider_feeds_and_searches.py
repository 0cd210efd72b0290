"""Single sign-on, refreshes from the administration, CSV addresses with prices, and searches without a hit."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(length=400), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_identities_user_id")),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_identities")),
    )
    op.create_index(op.f("ix_identities_user_id"), "identities", ["user_id"], unique=False)
    op.add_column("sessions", sa.Column("through_provider", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "fetched_pages",
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "question", name=op.f("pk_fetched_pages")),
    )
    op.create_table(
        "refresh_jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sources", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("dry_run", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("progress", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("report", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_jobs")),
    )
    _create_price_feeds()
    op.create_table(
        "unanswered_searches",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=False),
        sa.Column("words", sa.String(length=60), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "place", "words", name=op.f("pk_unanswered_searches")),
    )
    op.add_column("held_changes", sa.Column("reason", sa.String(length=600), server_default="", nullable=False))
    op.add_column("refresh_runs", sa.Column("asked_by", sa.String(length=200), server_default="", nullable=False))


def _create_price_feeds() -> None:
    op.create_table(
        "price_feeds",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=600), nullable=False),
        sa.Column("licence", sa.String(length=200), server_default="", nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("fixed", sa.JSON(), nullable=False),
        sa.Column("currency", sa.String(length=3), server_default="USD", nullable=False),
        sa.Column("price_for", sa.String(length=10), server_default="instance", nullable=False),
        sa.Column("complete", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_price_feeds")),
    )


def downgrade() -> None:
    for table, column in (
        ("refresh_runs", "asked_by"),
        ("held_changes", "reason"),
        ("sessions", "through_provider"),
    ):
        op.drop_column(table, column)
    op.drop_table("unanswered_searches")
    op.drop_table("price_feeds")
    op.drop_table("refresh_jobs")
    op.drop_table("fetched_pages")
    op.drop_index(op.f("ix_identities_user_id"), table_name="identities")
    op.drop_table("identities")

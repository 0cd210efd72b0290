"""Saved questions, and files on their way in."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_questions",
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("question", sa.String(length=400), nullable=False),
        sa.Column("query", sa.String(length=2000), nullable=False),
        sa.Column("scenarios", sa.String(length=200), server_default="", nullable=False),
        sa.Column("tiers", sa.String(length=200), server_default="", nullable=False),
        sa.Column("picks", sa.String(length=400), server_default="", nullable=False),
        sa.Column("must_pass", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("origin", sa.String(length=20), server_default="own", nullable=False),
        sa.Column("url", sa.String(length=600), server_default="", nullable=False),
        sa.Column("note", sa.String(length=2000), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_saved_questions")),
    )
    op.create_table(
        "import_uploads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entity", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("is_json", sa.Boolean(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("why", sa.String(length=600), server_default="", nullable=False),
        sa.Column("uploaded_by", sa.String(length=200), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_uploads")),
    )
    op.create_table(
        "import_mappings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entity", sa.String(length=40), nullable=False),
        sa.Column("heading_hash", sa.String(length=64), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_mappings")),
        sa.UniqueConstraint("entity", "heading_hash", name=op.f("uq_import_mappings_entity_heading_hash")),
    )


def downgrade() -> None:
    op.drop_table("import_mappings")
    op.drop_table("import_uploads")
    op.drop_table("saved_questions")

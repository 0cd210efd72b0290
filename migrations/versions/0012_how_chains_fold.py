"""How the pairs of a folded chain meet, which followed from names of families before."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

FOLDING = {
    "alphafold": "triangles", "openfold": "triangles", "esmfold": "triangles", "rosettafold": "triangles",
    "colabfold": "triangles", "alphafold3": "fused_triangles", "boltz": "chunked_triangles",
    "chai": "chunked_triangles", "protenix": "chunked_triangles",
}  # fmt: skip
"""By the beginning of the family's name or of the network's own, the shorter ones first."""


def upgrade() -> None:
    networks = sa.table(
        "networks", sa.column("slug", sa.String), sa.column("family", sa.String), sa.column("tokens_meet", sa.String)
    )
    for name, kind in FOLDING.items():
        folded = sa.or_(sa.func.lower(networks.c.family).startswith(name), networks.c.slug.startswith(name))
        op.get_bind().execute(networks.update().where(folded).values(tokens_meet=kind))


def downgrade() -> None:
    op.execute("UPDATE networks SET tokens_meet = 'none' WHERE tokens_meet LIKE '%triangles'")

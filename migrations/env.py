"""Run by Alembic: the engine comes from the caller, the schema from app.tables."""

from alembic import context

from app.catalogue.seed import alone
from app.tables import Base

engine = context.config.attributes["engine"]
with engine.execution_options(writes=True).connect() as connection:
    if connection.dialect.name == "postgresql":
        alone(connection)  # on SQLite the transaction itself shuts the others out
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        transactional_ddl=True,  # Alembic would otherwise commit between two migrations, and let others in
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()

"""How Alembic runs the migrations: on the connection and in the transaction that it is handed."""

from alembic import context

from mel_fast.store.tables.migrate import TABLE
from mel_fast.store.tables.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=TABLE,
)
with context.begin_transaction():
    context.run_migrations()

"""Alembic's entry: the connection comes from `intendly.adapters.db.migrate`, never from an ini file."""

from alembic import context

from intendly.adapters.db.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()

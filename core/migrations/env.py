"""Runs the steps on the connection that the caller hands over; the caller has imported the rooms' models."""

from __future__ import annotations

from alembic import context

from core.db import Model
from core.migrations.unmodelled import is_modelled

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Model.metadata,
    compare_type=True,
    include_name=is_modelled,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()

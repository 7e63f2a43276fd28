"""Run by Alembic for each command; works on the connection that `configuration` was given."""

from __future__ import annotations

from alembic import context

from kats_core.store.models import Base

# Batches rebuild a table where SQLite cannot alter it; the caller's transaction is kept, so there is none here.
context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
context.run_migrations()

"""Alembic's way in: it carries out the steps on the connection that `migrating` has opened."""

from alembic import context

from webqa.rating.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes a table by making it anew
)
context.run_migrations()

"""Gives Alembic the database of the server, as Flask-Migrate knows it."""

from __future__ import annotations

from alembic import context
from flask import current_app

from fiwareglancesync.api.server_database import FEDERATION
from fiwareglancesync.jobs.database_owner import refuse_another

database = current_app.extensions["migrate"].db


def migrate() -> None:
    """Apply revisions to the database, or write them as SQL with ``--sql``."""
    if context.is_offline_mode():
        context.configure(url=str(database.engine.url), target_metadata=database.metadata, literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    refuse_another(database.engine, current_app.config[FEDERATION])
    with database.engine.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_as_batch=True,
            transactional_ddl=is_sqlite or None,
        )
        with context.begin_transaction():
            if is_sqlite:
                # Python would begin a transaction only at the first row, so a kill could leave half of the tables.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            context.run_migrations()


migrate()

"""Gives Alembic a database: that of the program, or that of the server, as Flask-Migrate knows it."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Engine

from fiwareglancesync.base.database import metadata
from fiwareglancesync.jobs.database_owner import refuse_another
from fiwareglancesync.jobs.database_upgrade import ENGINE


def migrate() -> None:
    """Apply revisions to the database, or write them as SQL with ``--sql``."""
    engine: Engine = context.config.attributes.get(ENGINE) or _servers_own()
    if context.is_offline_mode():
        context.configure(url=str(engine.url), target_metadata=metadata, literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    with engine.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=True,
            transactional_ddl=is_sqlite or None,
        )
        with context.begin_transaction():
            if is_sqlite:
                # Python would begin a transaction only at the first row, so a kill could leave half of the tables.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            context.run_migrations()


def _servers_own() -> Engine:
    """The database of the server, unless it is another federation's."""
    from fiwareglancesync.api.server_database import FEDERATION

    engine: Engine = current_app.extensions["migrate"].db.engine
    if not context.is_offline_mode():
        refuse_another(engine, current_app.config[FEDERATION])
    return engine


migrate()

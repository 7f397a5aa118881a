"""Keystone or Glance as a WSGI application, with SQLite made fit for several requests at once.

Runs inside the servers' virtual environment, under uWSGI; the variable `DEVCLOUD_APPLICATION` names the module of
the real application.
"""

import importlib
import os

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine


@event.listens_for(Engine, "begin")
def _begin_as_writer(connection: Connection) -> None:
    """Take the right to write when a transaction begins, and wait for it there.

    oslo.db begins as a reader. When two such transactions come to write, SQLite tells one of them at once that the
    database is locked, for waiting could not help any more, and the request ends with a 500. With the mark below,
    oslo.db sees that the transaction has begun.
    """
    if "in_transaction" not in connection.info:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.info["in_transaction"] = True


application = importlib.import_module(os.environ["DEVCLOUD_APPLICATION"]).application

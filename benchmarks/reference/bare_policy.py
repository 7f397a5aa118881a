"""A bare Flask route: reads a form, and looks into an index of a database; nothing else.

Served by ``gunicorn bare_policy:app``; ``BARE_DATABASE`` names the file.
"""

import json
import os
import sqlite3
import threading

from flask import Flask, Response, request

app = Flask(__name__)
local = threading.local()


@app.route("/v1/backup", methods=["GET", "POST"])
def decide() -> Response:
    """Whether a backup may be deleted."""
    if not hasattr(local, "connection"):
        local.connection = sqlite3.connect(os.environ["BARE_DATABASE"])
    target = json.loads(request.form["target"])
    found = local.connection.execute("SELECT 1 FROM volume_backups WHERE backup_id = ?", (target["id"],)).fetchone()
    return Response("False" if found else "True", mimetype="text/plain")


@app.get("/v1/health")
def health() -> str:
    """Say that it serves."""
    return "ok"

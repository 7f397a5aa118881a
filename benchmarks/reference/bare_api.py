"""A bare Flask route: reads the rows of two regions of an embedded federation and dumps a document, nothing else.

Served by ``gunicorn bare_api:app``; ``BARE_FEDERATION`` names the federation's file, ``BARE_ANSWER`` the document.
"""

import json
import os
import sqlite3
import threading
from pathlib import Path

from flask import Flask, Response

app = Flask(__name__)
answer = json.loads(Path(os.environ["BARE_ANSWER"]).read_text(encoding="utf-8"))
local = threading.local()


@app.get("/regions/<region>")
def show(region: str) -> Response:
    """The images of a region."""
    if not hasattr(local, "connection"):
        local.connection = sqlite3.connect(os.environ["BARE_FEDERATION"])
    for name in ("Spain", region):
        query = "SELECT images.* FROM images JOIN regions ON number = region WHERE regions.name = ? ORDER BY row"
        local.connection.execute(query, (name,)).fetchall()
    return Response(json.dumps(answer), mimetype="application/json")

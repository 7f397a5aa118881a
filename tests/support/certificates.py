"""Certificates for servers on loopback."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .programs import program


def self_signed(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, in one file with its key.

    :param folder: where to make it
    """
    both = folder / "both.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(both)]
    made = subprocess.run(
        [program("openssl"), "req", "-x509", *key, *subject, "-days", "2"], capture_output=True, text=True, check=True
    )
    both.write_text(both.read_text() + made.stdout)
    return both

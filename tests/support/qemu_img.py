"""A stand-in for ``qemu-img``, as far as Glance's plugin ``image_conversion`` needs it: raw becomes qcow2.

``qemu_img.py info -f FORMAT --output=json FILE`` and ``qemu_img.py convert -f raw -O qcow2 FILE NEW``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "scripts"))

from devcloud_lib.image_files import qcow2  # noqa: E402 - the path has to be set first


def main(words: list[str]) -> None:
    """Do what is asked for."""
    if words[0] == "info":
        file = Path(words[-1])
        print(json.dumps({"format": words[2], "virtual-size": file.stat().st_size}))
    else:
        content = Path(words[-2]).read_bytes()
        Path(words[-1]).write_bytes(qcow2(content, -(-len(content) // 512) * 512))


if __name__ == "__main__":
    main(sys.argv[1:])

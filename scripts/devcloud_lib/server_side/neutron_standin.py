"""A stand-in for Neutron: every listing is empty. Nova asks for networks even for servers that are to have none.

Called with the port; the standard library is enough.
"""

import http.server
import json
import sys

HOST = "127.0.0.1"
VERSIONS = ("", "v2.0")


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers every GET with an empty listing of what its path ends with."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        name = self.path.partition("?")[0].rstrip("/").rpartition("/")[2].removesuffix(".json").replace("-", "_")
        body = json.dumps(self._versions() if name in VERSIONS else {name: []}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _versions(self) -> dict[str, list[dict[str, object]]]:
        link = {"rel": "self", "href": f"http://{self.headers['Host']}/v2.0/"}
        return {"versions": [{"id": "v2.0", "status": "CURRENT", "links": [link]}]}


http.server.ThreadingHTTPServer((HOST, int(sys.argv[1])), Handler).serve_forever()

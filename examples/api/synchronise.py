#!/usr/bin/env python3
"""Has a GlanceSync server synchronise a region, and follows the task to its end.

    synchronise.py http://127.0.0.1:8888 Burgos

The variable OS_TOKEN holds a token of Keystone (openstack token issue -f value -c id), where the server wants one.
The exit code is 0 when the region was synchronised, else 1. Needs Python alone.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

PAUSE = 0.5
"""Seconds between two looks at the task."""


def main() -> int:
    """Start a task and follow it."""
    server, region = sys.argv[1:]
    address = f"{server.rstrip('/')}/regions/{urllib.parse.quote(region, safe=':')}"
    try:
        task = ask(address, "POST")
        while task["status"] == "syncing":
            time.sleep(PAUSE)
            task = ask(f"{address}/tasks/{task['taskId']}")
    except urllib.error.HTTPError as error:
        print(json.load(error)["error"]["description"], file=sys.stderr)
        return 1
    except urllib.error.URLError as error:
        print(f"{server} does not answer: {error.reason}", file=sys.stderr)
        return 1
    print(f"{region}: {task['status']}, {task['imagesDone']} images, {task['bytesDone']} bytes")
    for line in [*task["warnings"], *task["errors"]]:
        print(line)
    return 0 if task["status"] == "synced" else 1


def ask(address: str, method: str = "GET") -> dict:
    """Send a request; its answer, read."""
    request = urllib.request.Request(address, method=method)
    if token := os.environ.get("OS_TOKEN"):
        request.add_header("X-Auth-Token", token)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())

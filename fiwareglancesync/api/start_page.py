"""The page that ``GET /`` shows in a browser; nothing is loaded from elsewhere (sync 5.2)."""

from __future__ import annotations

import base64
import hashlib
import shlex

from flask import Response, render_template_string

from ..base.text import printable
from .schemas import VersionAnswer

STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --text: #1c2430; --quiet: #4d5967;
  --line: #d4dae1; --link: #0b57a4; --code: #eef1f5; }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --card: #1b2129; --text: #e6eaf0; --quiet: #a9b4c2;
  --line: #36404d; --link: #8cc2ff; --code: #10141a; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem 1rem; background: var(--page); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 50rem; margin: 0 auto; padding: 1.75rem clamp(1rem, 4vw, 2.5rem) 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .75rem; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 2rem 0 .5rem; font-size: 1.15rem; }
p { margin: .6rem 0; }
.version { color: var(--quiet); font-size: 1rem; font-weight: normal; white-space: nowrap; }
.note, dd, li span { color: var(--quiet); }
.notice { margin: 1rem 0; padding: .6rem 1rem; border-left: .25rem solid var(--link); background: var(--code); }
a { color: var(--link); text-underline-offset: .15em; }
a:focus-visible { outline: 3px solid var(--link); outline-offset: 3px; border-radius: 2px; }
ul { margin: .5rem 0; padding-left: 1.2rem; }
li { margin: .3rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: .75rem 0; }
dt { font-weight: 600; }
dt code, p code { font-weight: normal; color: var(--text); white-space: nowrap; }
dd { margin: 0; overflow-wrap: anywhere; }
code { font-family: ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .92em; }
pre { margin: .6rem 0; padding: .8rem 1rem; border: 1px solid var(--line); border-radius: .5rem;
  background: var(--code); white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 36rem) { body { padding: 0; } main { border: 0; border-radius: 0; min-height: 100vh; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } dt code { white-space: normal; } }
"""

ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Crect width='32' height='32' rx='7' fill='%230b57a4'/%3E"
    "%3Cg fill='none' stroke='white' stroke-width='3' stroke-linecap='round'%3E"
    "%3Cpath d='M8 16h6l8-7M14 16h8M14 16l8 7'/%3E%3C/g%3E%3C/svg%3E"
)

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>GlanceSync server</title>
<link rel="icon" href="{{ icon }}">
<style>{{ style | safe }}</style>
</head>
<body>
<main>
<h1>GlanceSync <span class="version">{{ api.version }}</span></h1>
<p>This server keeps the images of OpenStack regions in step with one of them, the master region.
It is a REST API; people use it with the command <code>glancesync remote</code>.</p>
{%- if embedded %}
<p class="notice">Embedded federation, for trying and rehearsing: OpenStack is not contacted.</p>
{%- endif %}
<dl>
<dt>API</dt><dd>{{ api.id }}, {{ api.status | lower }}</dd>
<dt>Running since</dt><dd><time datetime="{{ api.runningfrom }}">{{ since }}</time></dd>
<dt>Authentication</dt><dd>{{ authentication }}</dd>
</dl>
<h2>Pages</h2>
<ul>
<li><a href="docs">Documentation of the API</a> <span>– to read, and to try each route</span></li>
<li><a href="openapi.json">OpenAPI document</a> <span>– the same for programs</span></li>
<li><a href="health">Health</a> <span>– whether what the server needs answers</span></li>
</ul>
<h2>Use it from a terminal</h2>
<pre><code>export GLANCESYNC_SERVER={{ address }}</code></pre>
<dl>
{%- for command, text in commands %}
<dt><code>{{ command }}</code></dt><dd>{{ text }}</dd>
{%- endfor %}
</dl>
<p class="note">
{%- if token_needed %}The account is taken from the usual environment of OpenStack (<code>OS_AUTH_URL</code>,
<code>OS_USERNAME</code> …) or from <code>clouds.yaml</code>. {% endif -%}
<code>glancesync remote --help</code> explains all commands. Programs that ask for JSON get JSON at this address.</p>
</main>
</body>
</html>
"""

COMMANDS = (
    ("glancesync remote regions", "the regions, and what runs there"),
    ("glancesync remote status REGION", "the status of each image"),
    ("glancesync remote sync REGION --dry-run", "what a synchronisation would do"),
    ("glancesync remote sync REGION --watch", "synchronise, and follow it"),
    ("glancesync remote tasks REGION", "the tasks, newest first"),
)
"""Commands of the client that show what can be done here, and what they do."""

STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The policy allows what the page itself holds, and nothing else."""


def start_page(api: VersionAnswer, *, token_needed: bool, embedded: bool) -> Response:
    """The page.

    :param api: what API clients get at this address
    :param token_needed: whether requests are authenticated
    :param embedded: whether the regions are those of an embedded federation
    """
    without = "none; only requests from this machine are answered"
    html = render_template_string(  # it escapes all values
        PAGE,
        api=api,
        since=api.runningfrom.partition(".")[0].replace("T", " ") + " UTC",
        authentication="with a token of Keystone" if token_needed else without,
        commands=COMMANDS,
        address=shlex.quote(printable(api.href.rstrip("/"))),
        token_needed=token_needed,
        embedded=embedded,
        icon=ICON,
        style=STYLE,
    )
    return Response(html, mimetype="text/html", headers={"Content-Security-Policy": POLICY})

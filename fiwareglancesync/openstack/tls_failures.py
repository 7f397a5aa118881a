"""Why there is no trusted connection to a service, and how to mend it."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Sequence

from ..base.text import one_line

_NO_TLS = frozenset(("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"))
"""Reasons of OpenSSL when the other side answers and does not speak TLS."""

_TLS_ALERT = "\\x15\\x03"
"""How the answer of a server begins that speaks TLS and is asked without it, as an exception shows it."""

_NOT_YET_VALID, _EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 9, 10, 62, 64
"""Codes of OpenSSL for what is wrong with a certificate."""

WRITE_HTTP = "write http:// instead of https:// in its address"
WRITE_HTTPS = "write https:// instead of http:// in its address"


def tls_failure(chain: Sequence[BaseException]) -> str:
    """The problem of a connection with TLS, and the advice.

    :param chain: an exception and all its causes
    """
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            problem = one_line(cause.verify_message or str(cause))
            return f"no trusted connection ({problem}); {_advice(cause.verify_code)}"
        if isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):  # which one, depends on the Python
            return f"it ended the connection while TLS began; if it does not speak TLS, {WRITE_HTTP}"
        if isinstance(cause, ssl.SSLError) and cause.reason:
            problem = one_line(cause.reason.lower().replace("_", " "))
            if cause.reason in _NO_TLS:
                return f"it does not speak TLS ({problem}); {WRITE_HTTP}"
            return f"no trusted connection ({problem}); {_advice(None)}"
    return f"no trusted connection (TLS failed); {_advice(None)}"


def expects_tls(chain: Sequence[BaseException]) -> bool:
    """Whether a server answered a request without TLS in a way that shows that it expects TLS.

    :param chain: an exception and all its causes
    """
    return any(isinstance(cause, http.client.BadStatusLine) and _TLS_ALERT in repr(cause) for cause in chain)


def _advice(code: int | None) -> str:
    """How to mend what is wrong with a certificate.

    :param code: as OpenSSL has it, None for another problem
    """
    if code in (_EXPIRED, _NOT_YET_VALID):
        now = time.strftime("%Y-%m-%d %H:%M %Z")
        return f"renew it, or correct the clock of this machine, which shows {now}"
    if code in (_OTHER_NAME, _OTHER_ADDRESS):
        return "use a host name that the certificate has"
    return "name the authority's file in cacert (OS_CACERT)"

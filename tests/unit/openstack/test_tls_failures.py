"""What is wrong with a connection by TLS, and how to mend it."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from fiwareglancesync.base.errors import CloudError
from fiwareglancesync.openstack.failures import FAILURES, from_exception
from fiwareglancesync.openstack.tls_failures import tls_failure
from fiwareglancesync.openstack.transport import Transport
from fiwareglancesync.openstack.tuning import Tuning
from tests.support.scripted_server import ScriptedServer

HASTY = Tuning(connect=60.0, control=60.0)


def untrusted(code: int, problem: str) -> ssl.SSLCertVerificationError:
    """What Python raises for a certificate that OpenSSL does not accept."""
    error = ssl.SSLCertVerificationError(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] {problem}")
    error.verify_code, error.verify_message = code, problem
    return error


def without_tls(reason: str) -> ssl.SSLError:
    """What Python raises when TLS cannot begin."""
    kind = ssl.SSLEOFError if "EOF" in reason else ssl.SSLError
    error = kind(1, f"[SSL: {reason}]")
    error.reason = reason
    return error


def failure(url: str, **trust: str) -> CloudError:
    """The error of a request to an address."""
    with pytest.raises(FAILURES) as caught:
        Transport(trust.get("cacert", ""), False, HASTY, None).send("GET", url, headers={})
    return from_exception(caught.value, "Keystone", url, is_first=True)


@pytest.fixture
def secure(certificate: Path) -> Iterator[ScriptedServer]:
    """A server that speaks TLS."""
    server = ScriptedServer(certificate)
    with server.running():
        yield server


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (untrusted(18, "self-signed certificate"), "(self-signed certificate); name the authority's file in cacert"),
        (untrusted(20, "unable to get local issuer certificate"), "issuer certificate); name the authority's file"),
        (untrusted(10, "certificate has expired"), "expired); renew it, or correct the clock of this machine, which "),
        (untrusted(9, "certificate is not yet valid"), "valid); renew it, or correct the clock of this machine"),
        (untrusted(62, "Hostname mismatch"), "(Hostname mismatch); use a host name that the certificate has"),
        (untrusted(64, "IP address mismatch"), "(IP address mismatch); use a host name that the certificate has"),
        (without_tls("WRONG_VERSION_NUMBER"), "does not speak TLS (wrong version number); write http:// instead of"),
        (without_tls("RECORD_LAYER_FAILURE"), "does not speak TLS (record layer failure); write http:// instead of"),
        (without_tls("UNEXPECTED_EOF_WHILE_READING"), "if it does not speak TLS, write http:// instead of https://"),
        (ssl.SSLZeroReturnError(6, "connection has been closed"), "if it does not speak TLS, write http:// instead"),
        (without_tls("TLSV1_ALERT_PROTOCOL_VERSION"), "no trusted connection (tlsv1 alert protocol version)"),
    ],
)
def test_each_problem_has_its_advice(error: ssl.SSLError, says: str) -> None:
    assert says in tls_failure([requests.exceptions.SSLError(error), error])


def test_a_server_without_tls_that_closes_is_described(certificate: Path) -> None:
    with ScriptedServer().running() as plain:
        error = failure(plain.url.replace("http://", "https://"))
    assert "does not speak TLS" in str(error)
    assert "write http:// instead of https:// in its address" in str(error)


def test_a_server_with_tls_that_closes_is_described(secure: ScriptedServer) -> None:
    error = failure(secure.url.replace("https://", "http://"))
    assert str(error).endswith("if it expects TLS, write https:// instead of http:// in its address")


def test_a_server_with_tls_that_answers_is_described() -> None:
    answered = requests.ConnectionError(http.client.BadStatusLine("\x15\x03\x03\x00\x02\x02F"))
    error = from_exception(answered, "Keystone", "http://keystone:5000/v3")
    assert str(error) == (
        "Keystone at http://keystone:5000/v3 speaks TLS; write https:// instead of http:// in its address"
    )
    assert not error.retryable


def test_a_server_of_another_name_is_described(secure: ScriptedServer, certificate: Path) -> None:
    error = failure(secure.url.replace("127.0.0.1", "localhost"), cacert=str(certificate))
    assert str(error).endswith("use a host name that the certificate has")


def test_a_later_interruption_is_no_wrong_address() -> None:
    closed = requests.ConnectionError(http.client.RemoteDisconnected("closed"))
    assert str(from_exception(closed, "Glance", "http://glance:9292")).endswith("connection without an answer")

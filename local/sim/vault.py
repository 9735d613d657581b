"""A small Key Vault: one RSA key in versions, read and signed with by the SDK's REST calls. HTTPS, as the SDK insists.

Source: Microsoft Learn, Key Vault REST API, "Get Key" and "Sign". Like the vault, it first asks for a token (401 with
`WWW-Authenticate`), and signs digests only.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import NameOID

_CHALLENGE = 'Bearer authorization="https://login.microsoftonline.com/common", resource="https://vault.azure.net"'


class SimulatedVault:
    """A vault with the key `record`, on a free loopback port. `folder` gets its certificate."""

    def __init__(self, folder: Path) -> None:
        self.keys = {"v1": rsa.generate_private_key(65_537, 2_048)}
        self.certificate = folder / "vault.pem"
        self.certificate.write_bytes(_certificate())
        vault = self

        class Handler(_Handler):
            answer_for = staticmethod(vault._answer)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def key_id(self) -> str:
        """The id of the key without a version."""
        return f"https://127.0.0.1:{self._server.server_port}/keys/record"

    def rotate(self) -> None:
        """From now on a new version signs."""
        self.keys[f"v{len(self.keys) + 1}"] = rsa.generate_private_key(65_537, 2_048)

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        parts = path.partition("?")[0].strip("/").split("/")
        if parts[:2] != ["keys", "record"]:
            return None
        version = parts[2] if len(parts) > 2 and parts[2] else list(self.keys)[-1]
        key = self.keys.get(version)
        if key is None:
            return None
        if parts[-1] == "sign":
            made = key.sign(_decoded(body["value"]), padding.PKCS1v15(), Prehashed(hashes.SHA256()))
            return {"kid": f"{self.key_id}/{version}", "value": _encoded(made)}
        public = key.public_key().public_numbers()
        numbers = {name: _encoded(_bytes(number)) for name, number in (("n", public.n), ("e", public.e))}
        told = {"kid": f"{self.key_id}/{version}", "kty": "RSA", "key_ops": ["sign", "verify"], **numbers}
        return {"key": told, "attributes": {"enabled": True}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answer_for: Any

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Read a key."""
        self._reply()

    def do_POST(self) -> None:
        """Sign."""
        self._reply()

    def _reply(self) -> None:
        given = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self.headers.get("Authorization"):
            self._send(401, {"error": {"code": "Unauthorized", "message": "no token"}}, challenge=True)
            return
        found = self.answer_for(self.path, json.loads(given or b"{}"))
        missing = {"error": {"code": "KeyNotFound", "message": "A key with this name was not found."}}
        self._send(200 if found else 404, found or missing)

    def _send(self, status: int, body: dict[str, Any], *, challenge: bool = False) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if challenge:
            self.send_header("WWW-Authenticate", _CHALLENGE)
        self.end_headers()
        self.wfile.write(content)


def _certificate() -> bytes:
    key = rsa.generate_private_key(65_537, 2_048)
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(pem, form, plain) + made.public_bytes(pem)


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

"""An identity provider on loopback, with faults: slow, endless, invalid or missing documents."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

KEY_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NEXT_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def rsa_jwk(key_id: str, key: rsa.RSAPrivateKey) -> dict[str, Any]:
    return RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": key_id, "use": "sig", "alg": "RS256"}


def ec_jwk(key_id: str) -> dict[str, Any]:
    return ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True) | {"kid": key_id}


def signed(claims: dict[str, Any], key_id: str | None = "one", key: rsa.RSAPrivateKey = RSA_KEY) -> str:
    """Return an Authorization header with an RS256 token."""
    headers = {"kid": key_id} if key_id is not None else {}
    return "Bearer " + jwt.encode(claims, key, algorithm="RS256", headers=headers)


class ProviderHost:
    """A host that serves the documents of a provider and counts the requests.

    Attributes:
        keys: The keys of the key set at /jwks.
        body: The body to send at /jwks instead of the key set.
        issuer: The issuer, whose discovery document names the URL of the key set.
        discovery: The discovery document to send instead.
        documents: The bodies of other paths, which take precedence.
        status: The status of every response.
        headers: Additional headers of every response.
        requests: The number of requests.
        arrived: Counts the requests, for tests that wait for one.
        sent: The number of bytes of the endless body that were sent.
        endless: Whether to send a body of spaces until the client disconnects.
        drips: Whether to send that body byte by byte.
        released: Responses wait until this is set.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.keys = [rsa_jwk("one", RSA_KEY), ec_jwk("curve")]
        self.body: bytes | None = None
        self.discovery: dict[str, Any] | None = None
        self.documents: dict[str, bytes] = {}
        self.status = 200
        self.headers: dict[str, str] = {}
        self.requests = 0
        self.arrived = threading.Semaphore(0)
        self.sent = 0
        self.endless = self.drips = False
        self.released = threading.Event()
        self.released.set()
        self.ended = threading.Event()
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.requests += 1
                host.arrived.release()
                host.released.wait()
                try:
                    host.respond(self)
                except OSError:  # the client has disconnected
                    host.ended.set()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.origin = f"{'http' if tls is None else 'https'}://127.0.0.1:{self.server.server_port}"
        self.url = f"{self.origin}/jwks"
        self.issuer = self.origin

    def respond(self, handler: BaseHTTPRequestHandler) -> None:
        body = self.document(handler.path.partition("?")[0])
        handler.send_response(self.status if body is not None else 404)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        if self.endless or self.drips:
            handler.end_headers()
            while not self.ended.wait(0.02 if self.drips else 0):
                self.sent += handler.wfile.write(b" " if self.drips else b" " * 100_000)
        handler.send_header("Content-Length", str(len(body or b"")))
        handler.end_headers()
        handler.wfile.write(body or b"")

    def document(self, path: str) -> bytes | None:
        if path in self.documents:
            return self.documents[path]
        if path == "/jwks":
            return self.body if self.body is not None else json.dumps({"keys": self.keys}).encode()
        if f"{self.origin}{path}" == f"{self.issuer.removesuffix('/')}/.well-known/openid-configuration":
            discovery = self.discovery if self.discovery is not None else {"issuer": self.issuer, "jwks_uri": self.url}
            return json.dumps(discovery).encode()
        return None


class Authority:
    """A private certificate authority, as clinics have."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Clinic CA")])
        own = self._certificate(self._name, self._key)
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        own = own.add_extension(KEY_USAGE, critical=True)
        self.certificate = folder / "authority.pem"
        self.certificate.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def server_context(self, address: str = "127.0.0.1") -> ssl.SSLContext:
        """Return the TLS context of a server at this address."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._certificate(x509.Name([]), key)
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=True
        )
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(identifier, critical=False)
        file = self._folder / "server.pem"
        file.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _certificate(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().issuer_name(self._name).subject_name(subject)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


@contextmanager
def serving(host: ProviderHost) -> Iterator[ProviderHost]:
    thread = threading.Thread(target=host.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield host
    finally:
        host.released.set()
        host.ended.set()
        host.server.shutdown()
        host.server.server_close()
        thread.join()

"""A small OpenID Connect issuer over real HTTP, with real keys. Tests nothing."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm


class Issuer:
    """Signs tokens with its newest key, and shows the public halves of all that it has."""

    def __init__(self) -> None:
        """It has one key."""
        self.keys: dict[str, rsa.RSAPrivateKey] = {}
        self.asked: list[str] = []
        self.url = ""
        self.new_key("first")

    def new_key(self, name: str) -> None:
        """The key that it signs with from now on."""
        self.keys[name] = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Those of a good token, with others in their place; None takes one out."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": "stt", "sub": "crm", "iat": now, "exp": now + 600}
        return {name: value for name, value in (claims | changed).items() if value is not None}

    def token(self, **changed: Any) -> str:
        """A signed token."""
        name, key = list(self.keys.items())[-1]
        return jwt.encode(self.claims(**changed), key, "RS256", headers={"kid": name})

    def answer(self, path: str) -> dict[str, Any] | None:
        """What lies at a path."""
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        if path == "/keys":
            shown = (
                RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": name}
                for name, key in self.keys.items()
            )
            return {"keys": list(shown)}
        return None


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """An issuer that answers on a port of this machine."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told = issuer.answer(self.path)
            self.send_response(404 if told is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()

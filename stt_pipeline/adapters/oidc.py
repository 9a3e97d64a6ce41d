"""Bearer tokens of an OpenID Connect issuer, checked by PyJWT. Lets nobody in by itself.

https://openid.net/specs/openid-connect-discovery-1_0.html; the keys are fetched when first needed,
kept for five minutes, and fetched again for a key that is not among them.
"""

import json
import threading
import time
import urllib.request
from typing import Any

import jwt
from jwt import PyJWKClient

from stt_pipeline.domain.errors import TokenError, UserError

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
"""Signatures with a public key alone: with HS256 that public key would be taken for a secret."""

TIMEOUT_S = 5.0
KEYS_LIFE_S = 300.0
LEEWAY_S = 30.0
"""How far the clocks of the issuer and of this machine may differ."""

AGAIN_S = 10.0
"""Seconds before the issuer is asked again for a key that it did not have, whoever asks."""


class OidcIssuer:
    """Implements TokenIssuer for one audience; for any thread."""

    def __init__(self, issuer: str, audience: str) -> None:
        """Asks nobody anything yet."""
        self._issuer = issuer
        self._audience = audience
        self._lock = threading.Lock()
        self._client: PyJWKClient | None = None
        self._missed_at_s = float("-inf")

    def subject(self, token: str) -> str:
        """See TokenIssuer; it is the claim `sub`."""
        try:
            claims = jwt.decode(
                token,
                self._key(token),
                algorithms=ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, OSError, ValueError) as error:
            raise TokenError(str(error)) from None
        return str(claims["sub"])

    def _key(self, token: str) -> Any:
        name = jwt.get_unverified_header(token).get("kid")
        with self._lock:
            client = self._client = self._client or self._discovered()
            keys = client.get_signing_keys()
            if not any(key.key_id == name for key in keys):
                if time.monotonic() - self._missed_at_s < AGAIN_S:
                    raise TokenError("its key is not the issuer's")
                self._missed_at_s = time.monotonic()
                keys = client.get_signing_keys(refresh=True)
        for key in keys:
            if key.key_id == name:
                return key.key
        raise TokenError("its key is not the issuer's")

    def _discovered(self) -> PyJWKClient:
        address = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
        with urllib.request.urlopen(address, timeout=TIMEOUT_S) as answer:
            told = json.load(answer)
        if told.get("issuer") != self._issuer:
            raise UserError(
                f"STT_SERVE_OIDC_ISSUER is {self._issuer}, and {address} is of "
                f"{told.get('issuer')}: write it as the issuer does."
            )
        return PyJWKClient(told["jwks_uri"], lifespan=KEYS_LIFE_S, timeout=TIMEOUT_S)

"""Who may call, by API key or bearer token. Lets everybody in where neither is set."""

import ipaddress
import logging

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from stt_pipeline import wiring
from stt_pipeline.domain.errors import TokenError, UserError
from stt_pipeline.domain.serving.api_keys import holder_of
from stt_pipeline.serving.refusals import RefusedError
from stt_pipeline.settings import Settings

LOG = logging.getLogger(__name__)

SCHEME = "bearer"


class Access:
    """Names the client of a request, or refuses it."""

    def __init__(self, settings: Settings) -> None:
        """Reads the keys; raises UserError where they cannot be read."""
        self._keys = wiring.api_keys(settings)
        self._issuer = wiring.token_issuer(settings)

    @property
    def is_open(self) -> bool:
        """Whether anybody may call."""
        return not self._keys and self._issuer is None

    async def client(self, request: Request) -> str:
        """The client's name: of its key, of its token's subject, or its address."""
        if self.is_open:
            return request.client.host if request.client else "local"
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != SCHEME or not token:
            raise _unauthorized("send your key as `Authorization: Bearer KEY`.")
        if (holder := holder_of(token, self._keys)) is not None:
            return f"key:{holder}"
        if self._issuer is None or token.count(".") != 2:
            raise _unauthorized("the key is not known here.")
        try:
            return "sub:" + await run_in_threadpool(self._issuer.subject, token)
        except TokenError as error:
            raise _unauthorized(f"the token is not accepted: {error}.") from None
        except UserError as error:
            LOG.error("%s", error)
            raise _unauthorized("tokens cannot be checked now.") from None


def check_host(host: str, access: Access) -> None:
    """Raises UserError where the address can be reached from elsewhere and anybody may call."""
    if access.is_open and not _is_loopback(host):
        raise UserError(
            f"--host {host} can be reached by others and nobody would be asked who they are: set "
            "STT_SERVE_API_KEYS or STT_SERVE_OIDC_ISSUER, or listen on 127.0.0.1."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _unauthorized(detail: str) -> RefusedError:
    return RefusedError(401, detail, {"WWW-Authenticate": "Bearer"})

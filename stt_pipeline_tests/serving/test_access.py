"""Who is let in: API keys, bearer tokens of a real issuer, and nobody from elsewhere without."""

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jwt
import openai
import pytest
from fastapi import Request

from stt_pipeline.domain.errors import UserError
from stt_pipeline.serving.access import Access, check_host
from stt_pipeline.serving.refusals import RefusedError
from stt_pipeline.settings import Settings
from stt_pipeline_tests.cloud.processes import free_port
from stt_pipeline_tests.serving.conftest import Make
from stt_pipeline_tests.serving.issuer import Issuer, running_issuer


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as one:
        yield one


def client(access: Access, authorization: str | None) -> str:
    """Who this is, by its header; raises RefusedError."""
    headers = [(b"authorization", authorization.encode("latin-1"))] if authorization else []
    scope = {"type": "http", "headers": headers, "client": ("127.0.0.1", 5)}
    return asyncio.run(access.client(Request(scope)))


def hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def refusal(access: Access, authorization: str | None) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        client(access, authorization)
    assert refused.value.status == 401
    assert refused.value.headers["WWW-Authenticate"] == "Bearer"
    return refused.value


def test_keys_name_their_holder_and_others_are_refused(tmp_path: Path) -> None:
    keys = tmp_path / "keys.txt"
    keys.write_text(f"# who may call\nshop:{hashed('one')}\ncrm:{hashed('two')}\n")
    access = Access(Settings(serve_api_keys=keys.as_uri()))

    assert client(access, "Bearer one") == "key:shop"
    assert client(access, "bearer two") == "key:crm"
    for wrong in (None, "one", "Basic one", "Bearer ", "Bearer three", f"Bearer {hashed('one')}"):
        assert "one" not in str(refusal(access, wrong))


def test_tokens_of_the_issuer_name_their_subject_and_others_are_refused(issuer: Issuer) -> None:
    access = Access(Settings(serve_oidc_issuer=issuer.url, serve_oidc_audience="stt"))

    assert client(access, f"Bearer {issuer.token()}") == "sub:crm"
    stranger = Issuer()
    stranger.url = issuer.url
    body = issuer.token().rpartition(".")[0]
    forged = jwt.encode(issuer.claims(), "secret" * 8, "HS256", headers={"kid": "first"})
    for token in (
        stranger.token(),
        issuer.token(exp=1),
        issuer.token(exp=None),
        issuer.token(sub=None),
        issuer.token(aud="other"),
        issuer.token(iss="https://elsewhere.example.com"),
        issuer.token(nbf=4_000_000_000),
        jwt.encode(issuer.claims(), "", "none"),
        forged,
        f"{body}.AAAA",
        "a.b.c",
        "no token",
    ):
        refusal(access, f"Bearer {token}")


def test_a_new_key_of_the_issuer_is_fetched_and_strangers_make_it_busy_no_more(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stt_pipeline.adapters.oidc.AGAIN_S", 1000.0)
    access = Access(Settings(serve_oidc_issuer=issuer.url, serve_oidc_audience="stt"))
    assert client(access, f"Bearer {issuer.token()}") == "sub:crm"
    issuer.new_key("second")
    assert client(access, f"Bearer {issuer.token(sub='shop')}") == "sub:shop"

    asked = len(issuer.asked)
    stranger = Issuer()
    stranger.url = issuer.url
    stranger.new_key("third")
    for _ in range(5):
        refusal(access, f"Bearer {stranger.token()}")
    assert len(issuer.asked) == asked


def test_a_dead_issuer_lets_nobody_in() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    access = Access(Settings(serve_oidc_issuer=address, serve_oidc_audience="stt"))
    stranger = Issuer()
    stranger.url = address
    refusal(access, f"Bearer {stranger.token()}")


def test_half_of_the_issuer_s_settings_is_none() -> None:
    with pytest.raises(UserError, match="go together"):
        Access(Settings(serve_oidc_issuer="https://login.example.com"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "example.com"])
def test_nobody_from_elsewhere_is_let_in_unasked(host: str) -> None:
    with pytest.raises(UserError, match="set STT_SERVE_API_KEYS or STT_SERVE_OIDC_ISSUER"):
        check_host(host, Access(Settings()))
    check_host(host, Access(Settings(serve_api_keys=f"shop:{hashed('one')}")))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machine_itself_is(host: str) -> None:
    check_host(host, Access(Settings()))


def test_the_command_refuses_in_one_sentence() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "stt_pipeline.cli.app", "serve", "--host", "0.0.0.0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "STT_SERVE_API_KEYS" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_jobs_are_their_client_s_own_and_limits_are_each_client_s(
    make_service: Make, brief_call: Path
) -> None:
    service = make_service(
        serve_api_keys=f"shop:{hashed('one')},crm:{hashed('two')}", serve_rate_per_minute="3"
    )
    shop, crm = ({"Authorization": f"Bearer {key}"} for key in ("one", "two"))
    assert service.send(brief_call).status_code == 401
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
        assert service.client.get(path).status_code == 200

    with brief_call.open("rb") as file:
        answer = service.client.post("/transcribe?wait=false", files={"file": file}, headers=shop)
    place = answer.headers["location"]
    assert service.client.get(place, headers=shop).status_code == 200
    assert service.client.get(place, headers=crm).status_code == 404
    assert service.client.delete(place, headers=crm).status_code == 404
    assert service.client.get(place).status_code == 401

    statuses = [
        service.client.post("/transcribe", data={"format": "json"}, headers=shop).status_code
        for _ in range(4)
    ]
    assert statuses == [422, 422, 429, 429]
    late = service.client.post("/transcribe", data={"format": "json"}, headers=shop)
    assert 1 <= int(late.headers["retry-after"]) <= 60
    assert service.client.post("/transcribe", data={"a": "b"}, headers=crm).status_code == 422

    with (
        openai.OpenAI(api_key="three", base_url=f"{service.url}/v1", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.audio.transcriptions.create(model="whisper-1", file=brief_call)

"""What strangers send: refused with a documented status, without a crash, and nothing is left."""

import gzip
import os
import signal
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import av
import httpx2
import numpy as np
import psutil
import pytest

from stt_pipeline_tests.cloud.processes import wait_for
from stt_pipeline_tests.serving.running import Service
from stt_pipeline_tests.speech.calls import RATE_HZ
from stt_pipeline_tests.speech.encode import encode


@pytest.fixture(autouse=True)
def _survives(service: Service) -> Iterator[None]:
    """After each of them the same process is ready, and no file of theirs is left."""
    pid = service.process.pid
    yield
    wait_for(service.is_ready, "the service as it was")
    assert service.process.pid == pid
    wait_for(lambda: service.uploads() == [], "the end of what was sent")
    assert "Traceback" not in service.program.log.read_text()


def zip_bomb(folder: Path) -> Path:
    path = folder / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("call.wav", b"\0" * 50_000_000)
    return path


def gzip_bomb(folder: Path) -> Path:
    path = folder / "bomb.wav.gz"
    path.write_bytes(gzip.compress(b"\0" * 50_000_000))
    return path


def many_hours(folder: Path) -> Path:
    """Two hours of silence in a few hundred kilobytes."""
    silence = np.zeros(RATE_HZ * 7200, dtype=np.int16)
    return encode(folder / "long.flac", silence, RATE_HZ, codec="flac", container="flac")


def empty(folder: Path) -> Path:
    path = folder / "empty.wav"
    path.touch()
    return path


def text(folder: Path) -> Path:
    path = folder / "call.wav"
    path.write_text("This is no sound.\n" * 1000)
    return path


def page(folder: Path) -> Path:
    path = folder / "call.mp3"
    path.write_text("<html><script>alert(1)</script></html>")
    return path


def playlist(folder: Path) -> Path:
    """FFmpeg would open the file that it names."""
    path = folder / "call.m3u8"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n")
    return path


def noise(folder: Path) -> Path:
    path = folder / "call.ogg"
    path.write_bytes(np.random.default_rng(3).bytes(500_000))
    return path


def picture(folder: Path) -> Path:
    path = folder / "call.png"
    with av.open(str(path), "w", format="image2") as output:
        stream = output.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "rgb24"
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


FILES: list[Callable[[Path], Path]] = [
    zip_bomb,
    gzip_bomb,
    many_hours,
    empty,
    text,
    page,
    playlist,
    noise,
    picture,
]


@pytest.mark.parametrize("make", FILES, ids=lambda make: make.__name__)
def test_what_is_no_call_is_refused(
    service: Service, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    path = make(tmp_path)
    answer = service.send(path)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"].endswith(".")
    openai = service.send(path, url="/v1/audio/transcriptions", model="whisper-1")
    assert openai.status_code == 422, openai.text
    assert openai.json()["error"]["message"]


def test_a_truncated_call_is_refused_and_a_truncated_form_too(
    service: Service, english_call: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.wav"
    cut.write_bytes(english_call.read_bytes()[:60_000])
    answer = service.send(cut)
    assert answer.status_code == 422
    assert "truncated" in answer.json()["detail"]

    body = form(english_call.read_bytes())
    answer = service.client.post("/transcribe", content=body[:-40], headers=FORM)
    assert answer.status_code == 422
    assert "cut off" in answer.json()["detail"]


FORM = {"Content-Type": "multipart/form-data; boundary=x"}
FIELDS = {"Content-Type": "application/x-www-form-urlencoded"}


def form(data: bytes, name: str = "call.wav", field: str = "file") -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    return head.encode("utf-8", "surrogateescape") + data + b"\r\n--x--\r\n"


@pytest.mark.parametrize(
    "name",
    [
        "../../../../tmp/escaped.wav",
        "/etc/cron.d/escaped.wav",
        "..\\..\\escaped.wav",
        "call.wav/../../escaped",
        "a\x00.wav",
        "%2e%2e%2fescaped.wav",
        "é" * 2000 + ".wav",
        ".",
        "call.$(touch escaped)",
    ],
)
def test_a_path_for_a_name_is_no_path(
    service: Service, english_call: Path, name: str, tmp_path: Path
) -> None:
    answer = service.client.post(
        "/transcribe", content=form(english_call.read_bytes()[:20_000], name), headers=FORM
    )
    assert answer.status_code == 422, answer.text
    assert not list(service.folder.rglob("*escaped*"))
    assert not Path("/tmp/escaped.wav").exists()


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(b"", {}, 415, id="nothing"),
        pytest.param(b"{}", {"Content-Type": "application/json"}, 415, id="json"),
        pytest.param(b"RIFF", {"Content-Type": "audio/wav"}, 415, id="bare sound"),
        pytest.param(b"x", {"Content-Type": "multipart/form-data"}, 415, id="no boundary"),
        pytest.param(b"x", FORM, 422, id="no part"),
        pytest.param(b"--x--\r\n", FORM, 422, id="an empty form"),
        pytest.param(form(b"RIFF", field="other"), FORM, 422, id="another field"),
        pytest.param(form(b"RIFF")[:-8] + b"\r\n" + form(b"RIFF"), FORM, 422, id="two files"),
        pytest.param(
            gzip.compress(form(b"RIFF")), {**FORM, "Content-Encoding": "gzip"}, 415, id="compressed"
        ),
        pytest.param(b"uri=file:///etc/passwd", FIELDS, 422, id="a file of the server"),
        pytest.param(b"&".join([b"a=b"] * 5000), FIELDS, 422, id="5,000 fields"),
        pytest.param(b"a=" + b"b" * 100_000, FIELDS, 422, id="a long field"),
        pytest.param(b"%ff=%fe", FIELDS, 422, id="no UTF-8"),
    ],
)
def test_a_body_that_is_no_form_of_ours_is_refused(
    service: Service, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = service.client.post("/transcribe", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert isinstance(answer.json()["detail"], str)


def raw(service: Service, head: str) -> socket.socket:
    """A connection on which these lines of a request were sent."""
    parts = urlsplit(service.url)
    connection = socket.create_connection((parts.hostname, parts.port or 80), timeout=120)
    connection.sendall(head.replace("\n", "\r\n").encode())
    return connection


def test_a_claim_of_ten_gigabytes_is_refused_before_they_are_sent(service: Service) -> None:
    head = (
        "POST /transcribe HTTP/1.1\nHost: a\nExpect: 100-continue\n"
        "Content-Type: multipart/form-data; boundary=x\nContent-Length: 10000000000\n\n"
    )
    with raw(service, head) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 413")


def test_an_endless_stream_ends_at_the_limit_and_is_never_in_memory(service: Service) -> None:
    before_bytes = service.process.memory_info().rss
    most_bytes = before_bytes
    ended = threading.Event()

    def watch() -> None:
        nonlocal most_bytes
        while not ended.wait(0.05):
            most_bytes = max(most_bytes, service.process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        while sent < 2_000_000_000:
            sent += 1 << 16
            yield os.urandom(1 << 16)

    with suppress(httpx2.WriteError, httpx2.RemoteProtocolError, httpx2.ReadError):
        answer = service.client.post("/transcribe", content=endless(), headers=FORM)
        assert answer.status_code == 413
    ended.set()
    watcher.join()
    assert sent < 2_000_000_000, "it was ended"
    assert most_bytes - before_bytes < 15_000_000, "20 MB were taken, and lay on the disk"


def test_who_hangs_up_midway_leaves_nothing(service: Service, long_call: Path) -> None:
    data = long_call.read_bytes()
    head = (
        "POST /transcribe HTTP/1.1\nHost: a\nContent-Type: multipart/form-data; boundary=x\n"
        f"Content-Length: {len(data) + 200}\n\n"
    )
    with raw(service, head) as connection:
        connection.sendall(form(data)[:200_000])
        wait_for(lambda: bool(service.uploads()), "the upload")


def test_a_file_that_crashes_the_engine_costs_itself_alone(
    service: Service, english_call: Path, english_prompts: object, tmp_path: Path
) -> None:
    """Whoever of the engine opens the file is ended by SIGSEGV; calls beside it are answered."""
    poison = tmp_path / "poison.mp3"
    sound = np.random.default_rng(1).normal(0, 3000, RATE_HZ * 55).astype(np.int16)
    encode(poison, sound, RATE_HZ, codec="libmp3lame", container="mp3")
    answers: dict[str, httpx2.Response] = {}
    threads = [
        threading.Thread(target=lambda n=name, p=path: answers.update({n: service.send(p)}))
        for name, path in (("poison", poison), ("call", english_call), ("other", english_call))
    ]
    for thread in threads:
        thread.start()
    ended = end_whoever_opens(".mp3", service, lambda: "poison" in answers)
    for thread in threads:
        thread.join()

    assert ended >= 2
    assert answers["poison"].status_code == 422
    assert "SIGSEGV" in answers["poison"].json()["detail"]
    assert answers["call"].status_code == answers["other"].status_code == 200
    assert answers["call"].json()["text"] == answers["other"].json()["text"]


def test_a_file_that_the_engine_never_ends_costs_itself_alone(
    service: Service, brief_call: Path, tmp_path: Path
) -> None:
    """Whoever reads the file is stopped and says no word: it is killed, and so is a second one."""
    poison = tmp_path / "endless.mp3"
    # Of 5 s it is open too briefly to be caught on a busy machine.
    sound = np.random.default_rng(2).normal(0, 3000, RATE_HZ * 15).astype(np.int16)
    encode(poison, sound, RATE_HZ, codec="libmp3lame", container="mp3")
    jobs: list[dict[str, Any]] = []

    def send() -> None:
        job_id = service.send(poison, url="/transcribe?wait=false").json()["job_id"]
        jobs.append(service.wait_for_job(job_id))

    sender = threading.Thread(target=send)
    sender.start()
    stopped = end_whoever_opens(
        ".mp3", service, lambda: not sender.is_alive(), signal.SIGSTOP, "transcribe"
    )

    assert stopped == 2
    assert [one["state"] for one in jobs] == ["failed"]
    assert "no answer within" in jobs[0]["reason"]
    assert service.send(brief_call).status_code == 200


def end_whoever_opens(
    suffix: str,
    service: Service,
    over: Callable[[], bool],
    how: int = signal.SIGSEGV,
    doing: str = "",
) -> int:
    """Sends the signal to each process that has such a file open; how many there were.

    `doing` is one of its arguments, where others may go on.
    """
    ended = set()
    while not over():
        for worker in service.process.children(recursive=True):
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                asked = not doing or doing in worker.cmdline()
                if asked and any(file.path.endswith(suffix) for file in worker.open_files()):
                    worker.send_signal(how)
                    ended.add(worker.pid)
        threading.Event().wait(0.005)
    return len(ended)

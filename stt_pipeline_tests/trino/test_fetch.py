"""Fetching the server: a file that is missing or not the one pinned leaves nothing behind."""

from pathlib import Path

import pytest

from stt_pipeline_tests.trino import fetch
from stt_pipeline_tests.trino.fetch import FetchError, artifacts, check_java


def test_every_file_is_pinned_by_its_sha256() -> None:
    pinned = dict(artifacts())
    assert f"io/trino/trino-main/{fetch.VERSION}/trino-main-{fetch.VERSION}.jar" in pinned
    assert all(len(sha256) == 64 for sha256 in pinned.values())
    names = [Path(path).name for path in pinned]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "could not be fetched"), (b"something else", "is pinned")],
)
def test_a_wrong_repository_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, says: str
) -> None:
    if content is not None:
        for path, _ in artifacts():
            file = tmp_path / "repository" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    monkeypatch.setenv("MAVEN_URL", (tmp_path / "repository").as_uri())
    home = tmp_path / "trino" / "435"
    with pytest.raises(FetchError, match=says) as error:
        fetch.fetch(home)
    assert "MAVEN_URL" in str(error.value)
    assert list(home.parent.iterdir()) == []


def test_no_java_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FetchError, match="no java here: a Java 17 development kit"):
        check_java()


@pytest.mark.parametrize(
    ("modules", "says"),
    [
        ("java.base@11.0.2", "java is version 11"),
        ("java.base@25", "java is version 25"),
        ("java.base@17.0.15", "comes without its compiler"),
    ],
)
def test_another_java_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, modules: str, says: str
) -> None:
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\necho {modules}\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(FetchError, match=says):
        check_java()

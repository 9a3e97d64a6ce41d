"""Recordings that may be asked for by URI: below the roots, and nothing else."""

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.serving.addresses import Address, parse_address

ROOTS = ("s3://calls/2026", "file:///data/calls")


@pytest.mark.parametrize(
    ("uri", "root", "key"),
    [
        ("s3://calls/2026/a.wav", "s3://calls/2026", "a.wav"),
        ("s3://calls/2026/call_date=2026-11-16/é b.wav", ROOTS[0], "call_date=2026-11-16/é b.wav"),
        ("file:///data/calls/x/y.wav", "file:///data/calls", "x/y.wav"),
        ("file:///data/calls/%2e%2e/y.wav", "file:///data/calls", "%2e%2e/y.wav"),
    ],
)
def test_what_lies_below_a_root_is_read_there(uri: str, root: str, key: str) -> None:
    assert parse_address(uri, ROOTS) == Address(root, key)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "s3://calls/2026",
        "s3://calls/2026/",
        "s3://calls/2026-other/a.wav",
        "s3://other/2026/a.wav",
        "S3://calls/2026/a.wav",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "file:///data/calls/../secret.wav",
        "file:///data/calls/./a.wav",
        "file:///data/calls//etc/passwd",
        "file:///data/calls/a\n.wav",
        "file:///data/calls/a\x00.wav",
        "file:///data/calls/" + "a" * 3000,
    ],
)
def test_anything_else_is_refused_in_a_sentence(uri: str) -> None:
    with pytest.raises(UserError, match="is not below a place that this service may read"):
        parse_address(uri, ROOTS)


@given(st.lists(st.sampled_from(["..", ".", "", "a", "%2e%2e", "b.wav", "\\..", " "]), max_size=8))
def test_no_key_ever_leaves_its_root(steps: list[str]) -> None:
    try:
        address = parse_address("file:///data/calls/" + "/".join(steps), ROOTS)
    except UserError:
        return
    path = posixpath.normpath(posixpath.join("/data/calls", address.key))
    assert path == f"/data/calls/{address.key}"

"""Where a job stands, and how long it is kept."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.recordings.recording import Recording, Status
from stt_pipeline.domain.serving.jobs import (
    Job,
    Progress,
    Standing,
    State,
    has_expired,
    is_job_id,
    new_job_id,
)
from stt_pipeline.domain.serving.options import Options
from stt_pipeline.domain.speech.transcription import Failure, Result, Transcription

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)

JOB = Job(
    "20261123T120000Z-" + "0" * 32,
    "key:shop",
    NOW,
    "s3://lake",
    Recording("k", "", "e", 1, Status.ACCEPTED, NOW, duration_s=60.0, channels=2),
    Options(),
)
DONE = Result("e", "engine", Transcription(60.0, (), (), "en", 1.0, False, 1.0, NOW))
FAILED = Result("e", "engine", Failure("damaged"))


@pytest.mark.parametrize(
    ("standing", "state", "heard_s"),
    [
        (Standing(JOB), State.QUEUED, 0),
        (Standing(JOB, Progress(1, 30.0, running=True)), State.RUNNING, 30),
        (Standing(JOB, Progress(1, 90.0, running=True)), State.RUNNING, 60),
        (Standing(JOB, Progress(1, 30.0, running=False)), State.QUEUED, 30),
        (Standing(JOB, Progress(1, 30.0, running=True), DONE), State.DONE, 60),
        (Standing(JOB, Progress(1, 30.0), FAILED), State.FAILED, 30),
        (Standing(JOB, Progress(1, 30.0, running=True), cancelled=True), State.CANCELLED, 30),
        (Standing(JOB, result=DONE, cancelled=True), State.DONE, 60),
    ],
)
def test_a_job_stands_where_those_who_hold_it_said(
    standing: Standing, state: State, heard_s: float
) -> None:
    assert standing.state is state
    assert standing.heard_s == heard_s
    assert standing.is_open == (state in (State.QUEUED, State.RUNNING))


@given(st.integers(0, 10**9), st.floats(0.1, 1000))
def test_a_name_says_when_it_was_given(seconds: int, keep_h: float) -> None:
    now = NOW + dt.timedelta(seconds=seconds)
    job_id = new_job_id(now)
    assert is_job_id(job_id)
    hours = dt.timedelta(hours=keep_h)
    assert not has_expired(job_id, now + hours - dt.timedelta(seconds=1), keep_h)
    assert has_expired(job_id, now + hours + dt.timedelta(seconds=1), keep_h)


def test_no_name_is_given_twice_and_the_oldest_comes_first() -> None:
    given = [new_job_id(NOW + dt.timedelta(seconds=number)) for number in range(100)]
    assert len(set(given)) == 100
    assert sorted(given) == given


@given(st.text())
def test_words_of_a_stranger_are_no_name(text: str) -> None:
    assert not is_job_id(text)
    assert not is_job_id(f"{JOB.job_id}/{text}")
    assert not is_job_id(f"../{JOB.job_id}")
    assert not is_job_id(JOB.job_id + "\n")

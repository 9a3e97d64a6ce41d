"""What a key says of its recording, or why it says too little."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.recordings.keys import (
    GROUPS,
    MAX_CALL_ID_LENGTH,
    KeyMetadata,
    KeyPattern,
    KeyProblem,
)
from stt_pipeline_tests.domain.recordings.keys_of_every_kind import (
    ANY_TEXT,
    BY_PARTS,
    CALL_DATES,
    DEFAULT,
    KEYS,
    NOV_16,
    PARIS,
    PATTERNS,
    names,
)
from stt_pipeline_tests.factories import utc


@given(date=CALL_DATES, queue=names(), customer=names(), call_id=names())
def test_a_key_built_as_dated_folders_reads_back(
    date: dt.date, queue: str, customer: str, call_id: str
) -> None:
    key = f"telephony/call_date={date}/queue={queue}/customer_id={customer}/{call_id}.wav"

    assert DEFAULT.read(key) == KeyMetadata(
        call_date=date, call_id=call_id, queue=queue, customer_id=customer
    )


@given(
    call_id=names(),
    agent_id=names(but="_"),
    date=CALL_DATES,
    time=st.times().map(lambda time: time.replace(microsecond=0)),
    extension=st.sampled_from([".wav", ".mp3", ""]),
)
def test_a_key_built_as_a_name_reads_back(
    call_id: str, agent_id: str, date: dt.date, time: dt.time, extension: str
) -> None:
    key = f"2026/{call_id}_{agent_id}_{date:%Y%m%d}T{time:%H%M%S}{extension}"

    named = DEFAULT.read(key)

    local = dt.datetime.combine(date, time, tzinfo=ZoneInfo(PARIS))
    assert named == KeyMetadata(
        call_date=date,
        call_id=call_id,
        agent_id=agent_id,
        started_at=local.astimezone(dt.UTC).replace(tzinfo=None),
    )


@pytest.mark.parametrize(
    ("key", "started_at"),
    [
        ("C1_a_20261116T093000.wav", utc("2026-11-16T08:30")),
        ("C1_a_20260716T093000.wav", utc("2026-07-16T07:30")),
        ("C1_a_20261117T003000.wav", utc("2026-11-16T23:30")),
    ],
)
def test_a_time_in_the_key_is_local_and_its_start_is_utc(key: str, started_at: dt.datetime) -> None:
    named = DEFAULT.read(key)

    assert isinstance(named, KeyMetadata)
    assert named.started_at == started_at


def test_the_call_date_is_the_local_date_even_where_utc_is_still_the_day_before() -> None:
    named = DEFAULT.read("C1_a_20261117T003000.wav")

    assert named.call_date == dt.date(2026, 11, 17)


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
@given(key=ANY_TEXT)
@example(key="x_a_00010101T000000.wav")
@example(key="call_date=0001-01-01/x_a_00010101T000000.wav")
@example(key="call_date=2026-11-16/\ud800.wav")
@example(key="")
def test_no_text_breaks_the_reading_of_keys(pattern: KeyPattern, key: str) -> None:
    named = pattern.read(key)

    if isinstance(named, KeyMetadata):
        assert named.call_id
        assert named.call_id in key
    else:
        assert named.reason


@given(key=KEYS)
def test_a_date_that_is_read_is_written_in_the_key(key: str) -> None:
    named = DEFAULT.read(key)

    if named.call_date is not None:
        assert str(named.call_date) in key or f"{named.call_date:%Y%m%d}" in key


@pytest.mark.parametrize(
    "key",
    [
        "C1.wav",
        "calls/monday/C1.wav",
        "call_date=/C1.wav",
        "call_date=today/C1.wav",
        "call_date=2026-02-30/C1.wav",
        "call_date=2026-1-1/C1.wav",
        "call_date=٢٠٢٦-١١-١٦/C1.wav",
        "C1_agent7_20261331T093000.wav",
        "C1_agent7_00000000T093000.wav",
        "no date at all",
    ],
)
def test_a_key_without_a_possible_date_is_a_problem_without_a_date(key: str) -> None:
    named = DEFAULT.read(key)

    assert isinstance(named, KeyProblem)
    assert named.call_date is None
    assert "date" in named.reason


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("call_date=2026-02-30/C1.wav", "impossible date '2026-02-30' in the key"),
        ("C1.wav", "no call date in the key"),
        ("call_date=2026-11-16/C1\n.wav", "the key has control characters"),
        ("call_date=2026-11-16/C1\udcff.wav", "the key is not valid UTF-8"),
        ("call_date=2026-11-16/", "the key does not match STT_RECORDING_PATTERN"),
        ("", "the key does not match STT_RECORDING_PATTERN"),
    ],
)
def test_the_reason_says_what_is_wrong_with_the_key(key: str, reason: str) -> None:
    assert DEFAULT.read(key) == KeyProblem(reason)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("call_date=2026-11-16/C1_a_20261115T093000.wav", "2026-11-16 and 2026-11-15"),
        ("call_date=2026-11-16/C1_a_20261331T093000.wav", "impossible date '20261331'"),
        ("call_date=2026-11-16/C1_a_20261116T246000.wav", "impossible time '246000'"),
        ("call_date=2026-11-16/" + "x" * 900 + ".wav", "900 bytes long, more than 200"),
        ("call_date=2026-11-16/" + "é" * 101 + ".wav", "202 bytes long, more than 200"),
    ],
)
def test_a_problem_keeps_the_date_of_its_folder(key: str, said: str) -> None:
    named = DEFAULT.read(key)

    assert isinstance(named, KeyProblem)
    assert said in named.reason
    assert named.call_date == NOV_16


@given(st.integers(1, 1000))
def test_a_long_name_is_read_up_to_the_limit_and_refused_above_it(length: int) -> None:
    named = DEFAULT.read(f"call_date=2026-11-16/{'x' * length}.wav")

    assert isinstance(named, KeyMetadata) == (length <= MAX_CALL_ID_LENGTH)
    assert named.call_date == NOV_16


def test_a_key_of_a_thousand_characters_that_almost_matches_is_read_at_once() -> None:
    key = "call_date=2026-11-16/" + "_a" * 490 + ".wav"

    named = DEFAULT.read(key)

    assert isinstance(named, KeyProblem)
    assert "bytes long" in named.reason


@pytest.mark.parametrize("call_id", ["réclamation-été", "通話0001", "звонок 7", "e\u0301te\u0301"])
def test_a_call_may_have_a_name_in_any_script(call_id: str) -> None:
    named = DEFAULT.read(f"call_date=2026-11-16/{call_id}.wav")

    assert named == KeyMetadata(call_date=NOV_16, call_id=call_id)


@given(date=CALL_DATES, call_id=names(but="."))
def test_a_date_in_three_folders_reads_back(date: dt.date, call_id: str) -> None:
    key = f"year={date.year}/month={date.month}/day={date.day}/{call_id}.wav"

    assert BY_PARTS.read(key) == KeyMetadata(call_date=date, call_id=call_id)


def test_a_pattern_that_is_no_regular_expression_is_refused_with_its_setting() -> None:
    with pytest.raises(UserError, match=r"^STT_RECORDING_PATTERN is not a regular expression"):
        KeyPattern("(", PARIS)


def test_a_pattern_with_an_unknown_group_is_refused_by_that_name() -> None:
    with pytest.raises(UserError, match=r"unknown groups callid: use some of agent_id, call_date"):
        KeyPattern(r"(?P<call_id>.+)/(?P<callid>.+)_(?P<date>\d{8})", PARIS)


@given(groups=st.sets(st.sampled_from(sorted(GROUPS))))
def test_a_pattern_is_taken_only_where_it_names_a_call_and_a_date(groups: set[str]) -> None:
    pattern = "/".join(f"(?P<{name}>[^/]*)" for name in sorted(groups))
    dated = groups & {"call_date", "date"} or {"year", "month", "day"} <= groups

    if "call_id" in groups and dated:
        KeyPattern(pattern, PARIS)
    else:
        with pytest.raises(UserError, match="STT_RECORDING_PATTERN needs the named group call_id"):
            KeyPattern(pattern, PARIS)


def test_a_call_id_that_matches_nothing_is_a_problem_of_its_date() -> None:
    pattern = KeyPattern(r"^(?P<date>\d{8})/(?P<call_id>[^/.]*)\.wav$", PARIS)

    assert pattern.read("20261116/.wav") == KeyProblem("no call_id in the key", NOV_16)

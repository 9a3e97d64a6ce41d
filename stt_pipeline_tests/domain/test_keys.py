"""What a key says of its recording, and which folders a listing may leave out."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.keys import (
    DEFAULT_PATTERN,
    GROUPS,
    MAX_CALL_ID_LENGTH,
    KeyMetadata,
    KeyPattern,
    KeyProblem,
)
from stt_pipeline_tests.factories import utc

PARIS = "Europe/Paris"
DEFAULT = KeyPattern(DEFAULT_PATTERN, PARIS)
BY_PARTS = KeyPattern(
    r"^year=(?P<year>\d{4})/month=(?P<month>\d\d?)/day=(?P<day>\d\d?)/(?P<call_id>[^/]+)\.wav$",
    PARIS,
)
BY_FOLDER = KeyPattern(r"^(?P<date>[^/]+)/(?:[^/]+/)*(?P<call_id>[^/.]+)\.wav$", PARIS)
TWICE = KeyPattern(r"^(?P<date>[^/]*)/(?P<call_date>[^/]*)/(?P<call_id>[^/]+)$", PARIS)
PATTERNS = {"default": DEFAULT, "parts": BY_PARTS, "folder": BY_FOLDER, "twice": TWICE}

NOV_16 = dt.date(2026, 11, 16)
ANY_CHARACTER = st.characters(exclude_categories=())
"""Control characters and lone surrogates too: a file system allows them in names."""

ANY_TEXT = st.text(ANY_CHARACTER, max_size=60)


def names(but: str = "") -> st.SearchStrategy[str]:
    """One to 30 printable characters of any script, without slashes and those of `but`."""
    letters = st.characters(exclude_categories=("C", "Z"), exclude_characters="/" + but)
    return st.text(letters | st.just(" "), min_size=1, max_size=30).filter(
        lambda name: name.isprintable()
    )


CALL_DATES = st.dates(dt.date(2000, 1, 1), dt.date(2199, 12, 31))
DAYS = [dt.date(2026, 11, 15), NOV_16, dt.date(2026, 2, 28), dt.date(2025, 11, 16)]
"""Few days, so that the folders and names of one key often agree, and often do not."""

LISTED_DAYS = [
    dt.date(year, month, day)
    for year in (2025, 2026)
    for month, days in ((2, (1, 15, 16, 28)), (11, (1, 15, 16, 28, 30)))
    for day in days
]
"""Dates that are listed sooner or later: every possible one of the folders below."""

IMPOSSIBLE = ["2026-02-30", "2026-13-01", "20260230", "2026-11-1", "tomorrow", "٢٠٢٦-١١-١٦", ""]
DATE_TEXTS = st.sampled_from([str(day) for day in DAYS] + IMPOSSIBLE) | st.sampled_from(
    [f"{day:%Y%m%d}" for day in DAYS]
)
FOLDERS = st.one_of(
    DATE_TEXTS,
    st.builds("call_date={}".format, DATE_TEXTS),
    st.builds("year={}".format, st.sampled_from(["2026", "2025", "26", "0000", "x"])),
    st.builds("month={}".format, st.sampled_from(["11", "02", "2", "13", "0"])),
    st.builds("day={}".format, st.sampled_from(["16", "15", "28", "30", "31", "0"])),
    st.builds("queue={}".format, names()),
    names(),
    st.text(ANY_CHARACTER.filter(lambda one: one != "/"), max_size=8),
)
FILES = st.one_of(
    st.builds("{}.wav".format, names()),
    st.builds("C1_agent7_{}T{}.wav".format, DATE_TEXTS, st.sampled_from(["093000", "256199"])),
    names(),
)
BY_PARTS_FOLDERS = st.builds(
    lambda year, month, day: [f"year={year}", f"month={month}", f"day={day}"],
    st.sampled_from(["2026", "2025", "0000"]),
    st.sampled_from(["11", "02", "2", "13", "0"]),
    st.sampled_from(["16", "15", "28", "30", "31", "0"]),
)
KEYS = st.builds(
    lambda folders, file: "/".join([*folders, file]),
    st.lists(FOLDERS, max_size=4) | BY_PARTS_FOLDERS,
    FILES,
)


def folders_of(key: str) -> list[str]:
    parts = key.split("/")[:-1]
    return ["/".join(parts[: count + 1]) + "/" for count in range(len(parts))]


def is_listed(pattern: KeyPattern, key: str, date: dt.date) -> bool:
    """Whether a listing for the date comes to see the key."""
    return not any(pattern.is_other_date(folder, date) for folder in folders_of(key))


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


def test_the_outermost_dated_folder_is_the_date_of_all_below_it() -> None:
    key = "call_date=2026-11-15/restored/call_date=2026-11-16/C1.wav"

    assert DEFAULT.read(key).call_date == dt.date(2026, 11, 15)
    assert is_listed(DEFAULT, key, dt.date(2026, 11, 15))


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
@settings(max_examples=100)
@given(key=KEYS)
@example(key="call_date=2026-11-15/call_date=2026-11-16/C1.wav")
@example(key="20261116/2026-11-15/C1.wav")
@example(key="2026-11-15/20261116/C1.wav")
def test_listing_a_date_finds_every_key_of_that_date(pattern: KeyPattern, key: str) -> None:
    date = pattern.read(key).call_date

    if date is not None:
        assert is_listed(pattern, key, date)


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
@settings(max_examples=100)
@given(key=KEYS)
@example(key="year=2026/month=02/day=30/C1.wav")
@example(key="year=2026/month=13/day=01/C1.wav")
@example(key="call_date=2026-02-30/C1.wav")
@example(key="20260230/2026-11-15/C1.wav")
def test_a_key_without_a_sure_date_is_found_by_some_listing(pattern: KeyPattern, key: str) -> None:
    assume(pattern.read(key).call_date is None)

    assert any(is_listed(pattern, key, day) for day in LISTED_DAYS)


@given(date=CALL_DATES, other=CALL_DATES)
def test_a_listing_leaves_out_the_folders_of_other_dates_and_no_more(
    date: dt.date, other: dt.date
) -> None:
    assert DEFAULT.is_other_date(f"calls/call_date={other}/", date) == (other != date)
    assert DEFAULT.is_other_date(f"call_date={other}/queue=sales/", date) == (other != date)
    assert not DEFAULT.is_other_date("calls/", date)


@given(date=CALL_DATES, other=CALL_DATES)
def test_folders_of_year_month_and_day_are_left_out_one_by_one(
    date: dt.date, other: dt.date
) -> None:
    year = f"year={other.year}/"
    month = f"{year}month={other.month:02}/"
    day = f"{month}day={other.day:02}/"

    assert BY_PARTS.is_other_date(year, date) == (other.year != date.year)
    if other.year == date.year:
        assert BY_PARTS.is_other_date(month, date) == (other.month != date.month)
    if (other.year, other.month) == (date.year, date.month):
        assert BY_PARTS.is_other_date(day, date) == (other != date)


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

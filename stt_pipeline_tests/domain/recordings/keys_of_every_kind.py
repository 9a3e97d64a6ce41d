"""Patterns, and keys of every kind a bucket may hold, for tests of keys. Holds no test."""

import datetime as dt

from hypothesis import strategies as st

from stt_pipeline.domain.recordings.keys import DEFAULT_PATTERN, KeyPattern

PARIS = "Europe/Paris"
DEFAULT = KeyPattern(DEFAULT_PATTERN, PARIS)
BY_PARTS = KeyPattern(
    r"^year=(?P<year>\d{4})/month=(?P<month>\d\d?)/day=(?P<day>\d\d?)/(?P<call_id>[^/]+)\.wav$",
    PARIS,
)
BY_FOLDER = KeyPattern(r"^(?P<date>[^/]+)/(?:[^/]+/)*(?P<call_id>[^/.]+)\.wav$", PARIS)
TWICE = KeyPattern(r"^(?P<date>[^/]*)/(?P<call_date>[^/]*)/(?P<call_id>[^/]+)$", PARIS)
DAY_IN_NAME = KeyPattern(
    r"^year=(?P<year>\d{4})/month=(?P<month>\d\d?)/(?P<day>\d\d?)(?P<call_id>[^/]*)$", PARIS
)
PATTERNS = {
    "default": DEFAULT,
    "parts": BY_PARTS,
    "folder": BY_FOLDER,
    "twice": TWICE,
    "day in name": DAY_IN_NAME,
}

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
DAY_TEXTS = st.sampled_from(["16", "15", "28", "30", "31", "0"])
FOLDERS = st.one_of(
    DATE_TEXTS,
    st.builds("call_date={}".format, DATE_TEXTS),
    st.builds("year={}".format, st.sampled_from(["2026", "2025", "26", "0000", "x"])),
    st.builds("month={}".format, st.sampled_from(["11", "02", "2", "13", "0"])),
    st.builds("day={}".format, DAY_TEXTS),
    st.builds("queue={}".format, names()),
    names(),
    st.text(ANY_CHARACTER.filter(lambda one: one != "/"), max_size=8),
)
FILES = st.one_of(
    st.builds("{}.wav".format, names()),
    st.builds("C1_agent7_{}T{}.wav".format, DATE_TEXTS, st.sampled_from(["093000", "256199"])),
    st.builds("{}-C1.wav".format, DAY_TEXTS),
    names(),
)
BY_PARTS_FOLDERS = st.builds(
    lambda year, month, day: [f"year={year}", f"month={month}", *day],
    st.sampled_from(["2026", "2025", "0000"]),
    st.sampled_from(["11", "02", "2", "13", "0"]),
    st.builds("day={}".format, DAY_TEXTS).map(lambda day: [day]) | st.just([]),
)
KEYS = st.builds(
    lambda folders, file: "/".join([*folders, file]),
    st.lists(FOLDERS, max_size=4) | BY_PARTS_FOLDERS,
    FILES,
)

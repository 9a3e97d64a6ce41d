"""The library of queries on the command line: listed, shown, run with values, mistakes."""

import pytest

from stt_pipeline.adapters.local_store import LocalStore
from stt_pipeline.queries import library
from stt_pipeline_tests.flows.conftest import Site
from stt_pipeline_tests.known_lake import write_known_lake

ALL = ("--param", "from_date=2026-11-01", "--param", "to_date=2026-11-30")


@pytest.fixture
def known(site: Site) -> Site:
    """A site whose lake holds known rows."""
    site.lake.mkdir(parents=True, exist_ok=True)
    write_known_lake(LocalStore(site.lake, "STT_LAKE_URI"))
    return site


def test_the_library_is_listed_with_its_purposes(site: Site) -> None:
    listed = site.command("queries")
    assert listed.code == 0
    for query in library():
        assert f" {query.name} " in listed.out
        assert query.purpose in listed.out
    rows = site.command("queries", "--json").rows
    assert [(row["name"], row["purpose"]) for row in rows] == [
        (query.name, query.purpose) for query in library()
    ]
    assert rows[0]["parameters"][0].keys() == {"name", "kind", "default", "meaning"}


def test_a_query_runs_by_name_with_its_values(known: Site) -> None:
    ended = known.command("query", "--name", "repeat_callers", *ALL, "--json")
    assert ended.code == 0, ended.err
    assert ended.rows == [
        {
            "customer_id": "K1",
            "calls": 3,
            "agents": 2,
            "first_date": "2026-11-10",
            "last_date": "2026-11-16",
        }
    ]
    assert ended.err == ""


def test_a_query_shown_is_the_query_run(known: Site) -> None:
    shown = known.command("queries", "search_calls", "--param", "word=see", *ALL)
    assert shown.out.startswith("SELECT")
    by_hand = known.command("query", shown.out, "--json")
    by_name = known.command(
        "query", "--name", "search_calls", "--param", "word=see", *ALL, "--json"
    )
    assert by_hand.rows == by_name.rows
    assert [row["at"] for row in by_hand.rows] == ["01:00"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("query",), "Say what to ask"),
        (("query", "SELECT 1", "--name", "weeks"), "not both"),
        (("query", "--name", "week"), "did you mean weeks?"),
        (("query", "--name", "weeks", "--param", "from_date"), "write it as NAME=VALUE"),
        (("query", "--name", "weeks", "--param", "day=2026-11-16"), "it takes from_date, to_date"),
        (("query", "--name", "weeks", "--param", "from_date=monday"), "YYYY-MM-DD"),
        (("query", "SELECT 1", "--param", "a=b"), "--param goes with --name"),
        (("queries", "nosuchquery"), "There is no query named 'nosuchquery'"),
        (("queries", "--param", "a=b"), "--param goes with the name of a query"),
    ],
)
def test_a_mistake_is_one_sentence(site: Site, arguments: tuple[str, ...], says: str) -> None:
    ended = site.command(*arguments)
    assert (ended.code, ended.out) == (2, "")
    (sentence,) = ended.err.splitlines()
    assert says in sentence
    assert sentence.startswith("Error: ")

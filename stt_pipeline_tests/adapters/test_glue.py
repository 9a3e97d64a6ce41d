"""Tables in a Glue catalog: made once, changed where different, else refused with a reason."""

import datetime as dt
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import boto3
import pyarrow as pa
import pytest

from stt_pipeline.adapters.athena.glue import GlueTables
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.schemas import TABLES, Table
from stt_pipeline.domain.sql.glue_tables import GlueLake
from stt_pipeline_tests.cloud.faults import Fault, Rule
from stt_pipeline_tests.cloud.faulty_proxy import FaultyProxy
from stt_pipeline_tests.cloud.s3 import ENVIRONMENT

FIRST: Final = dt.date(2026, 11, 1)
TODAY: Final = dt.date(2026, 11, 23)
LAKE: Final = GlueLake("s3://calls/lake", FIRST)
NAMES: Final = list(TABLES)
WRITES: Final = ("CreateDatabase", "CreateTable", "UpdateTable", "DeleteTable")


class Site:
    """A database of its own."""

    def __init__(self, proxy: FaultyProxy, asked: list[str]) -> None:
        self.proxy = proxy
        self.asked = asked
        self.database = f"db-{uuid.uuid4()}"
        self.tables = self.of(LAKE)

    def of(self, lake: GlueLake, today: dt.date = TODAY) -> GlueTables:
        return GlueTables(self.database, lake, lambda: today)

    def table(self, name: str) -> dict[str, Any]:
        answer = boto3.client("glue").get_table(DatabaseName=self.database, Name=name)
        table: dict[str, Any] = answer["Table"]
        return table

    def columns(self, name: str) -> dict[str, str]:
        columns = self.table(name)["StorageDescriptor"]["Columns"]
        return {column["Name"]: column["Type"] for column in columns}

    def change(self, name: str, **columns: str | None) -> None:
        """Gives a table of Glue other columns than the schema; None takes one away."""
        table = self.table(name)
        descriptor = table["StorageDescriptor"]
        kept = [one for one in descriptor["Columns"] if columns.get(one["Name"], "") is not None]
        by_name = {one["Name"]: one for one in kept}
        for column, kind in columns.items():
            if kind is not None:
                by_name.setdefault(column, {"Name": column})["Type"] = kind
        descriptor["Columns"] = list(by_name.values())
        self.put(table)

    def put(self, table: dict[str, Any]) -> None:
        keys = ("Name", "TableType", "Parameters", "PartitionKeys", "StorageDescriptor")
        boto3.client("glue").update_table(
            DatabaseName=self.database, TableInput={key: table[key] for key in keys}
        )

    def writes(self) -> dict[str, int]:
        """What was written since the last time it was asked."""
        counts = Counter(self.asked)
        self.asked.clear()
        return {kind: counts[kind] for kind in WRITES if counts[kind]}


@pytest.fixture
def site(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Glue behind a proxy that notes each request before it is answered."""
    asked: list[str] = []
    with FaultyProxy(s3_endpoint, lambda kind, _: asked.append(kind)) as proxy:
        for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": proxy.endpoint}.items():
            monkeypatch.setenv(name, value)
        yield Site(proxy, asked)


def test_database_and_tables_are_made_and_the_second_time_nothing_is_written(site: Site) -> None:
    site.tables.register(NAMES)
    assert site.writes() == {"CreateDatabase": 1, "CreateTable": len(TABLES)}
    site.of(LAKE).register(NAMES)
    assert site.writes() == {}
    for name, table in TABLES.items():
        assert list(site.columns(name)) == table.schema.names


def test_only_the_tables_named_are_made(site: Site) -> None:
    site.tables.register(["words"])
    assert site.writes() == {"CreateDatabase": 1, "CreateTable": 1}


def test_a_column_that_is_new_in_the_schema_is_added(site: Site) -> None:
    site.tables.register(NAMES)
    site.change("words", probability=None)
    assert "probability" not in site.columns("words")
    site.writes()
    site.tables.register(NAMES)
    assert site.writes() == {"UpdateTable": 1}
    assert site.columns("words") == {
        "call_id": "string",
        "segment_id": "int",
        "word_id": "int",
        "channel": "int",
        "speaker": "string",
        "start_s": "double",
        "end_s": "double",
        "word": "string",
        "probability": "double",
    }
    site.tables.register(NAMES)
    assert site.writes() == {}


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"loudness": "double"}, "has the column loudness, which this version does not write"),
        ({"word_id": "bigint"}, "The column word_id of the Glue table"),
        ({"word_id": "bigint"}, "is bigint, and this version writes int"),
    ],
)
def test_a_column_gone_or_retyped_is_refused(
    site: Site, columns: dict[str, str], says: str
) -> None:
    site.tables.register(NAMES)
    site.change("words", **columns)
    before = site.table("words")
    site.writes()
    with pytest.raises(UserError, match=says) as error:
        site.tables.register(["words"])
    assert f"drop the table {site.database}.words in Athena" in str(error.value)
    assert site.writes() == {}
    assert site.table("words")["StorageDescriptor"] == before["StorageDescriptor"]


def test_a_table_of_another_lake_is_refused(site: Site) -> None:
    site.tables.register(["words"])
    with pytest.raises(UserError, match=r"reads s3://calls/lake/words/.*another STT_GLUE_DATABASE"):
        site.of(GlueLake("s3://other/lake", FIRST)).register(["words"])


def test_another_first_date_is_told_and_what_others_set_is_kept(site: Site) -> None:
    site.tables.register(NAMES)
    table = site.table("words")
    table["Parameters"]["owner_team"] = "analysts"
    site.put(table)
    site.writes()
    site.of(GlueLake(LAKE.uri, dt.date(2025, 1, 1))).register(NAMES)
    assert site.writes() == {"UpdateTable": len(TABLES) - 1}
    parameters = site.table("words")["Parameters"]
    assert parameters["projection.call_date.range"] == "2025-01-01,NOW+1DAYS"
    assert parameters["owner_team"] == "analysts"


def test_the_list_of_ledger_dates_goes_on_by_the_month(site: Site) -> None:
    site.tables.register(NAMES)
    site.writes()
    site.of(LAKE, dt.date(2026, 11, 30)).register(NAMES)
    assert site.writes() == {}
    site.of(LAKE, dt.date(2026, 12, 1)).register(NAMES)
    assert site.writes() == {"UpdateTable": 1}
    values = site.table("recordings")["Parameters"]["projection.call_date.values"].split(",")
    assert (values[0], values[-2], values[-1]) == ("2026-11-01", "2027-01-31", "undated")


def test_tasks_that_register_at_once_all_end_well(site: Site) -> None:
    failures: list[BaseException] = []

    def register() -> None:
        try:
            site.of(LAKE).register(NAMES)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=register) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert all(list(site.columns(name)) == TABLES[name].schema.names for name in NAMES)


@pytest.mark.parametrize(
    ("kind", "code", "tables_made"),
    [
        ("CreateTable", "AlreadyExistsException", 1),
        ("UpdateTable", "ConcurrentModificationException", 0),
    ],
)
def test_a_race_is_met_by_looking_again(site: Site, kind: str, code: str, tables_made: int) -> None:
    if kind == "UpdateTable":
        site.tables.register(["words"])
        site.change("words", probability=None)
    refuse(site, kind, code, times=2)
    site.tables.register(["words"])
    assert "probability" in site.columns("words")


def refuse(site: Site, kind: str, code: str, times: int | None = None) -> None:
    site.proxy.add(
        Rule(
            Fault.ANSWER,
            kinds=frozenset({kind}),
            code=code,
            times=times,
        )
    )


@pytest.mark.parametrize("kind", ["GetDatabase", "CreateDatabase", "GetTable", "CreateTable"])
@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("AccessDeniedException", ["Glue does not allow it", "allow that action to this role"]),
        ("ExpiredTokenException", ["does not accept these AWS credentials", "renew them"]),
        ("UnrecognizedClientException", ["does not accept these AWS credentials"]),
    ],
)
def test_a_refusal_is_one_sentence(site: Site, kind: str, code: str, says: list[str]) -> None:
    refuse(site, kind, code)
    with pytest.raises(UserError) as error:
        site.tables.register(["words"])
    sentence = str(error.value)
    assert [part for part in says if part not in sentence] == [], sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")


def test_throttling_is_waited_out(site: Site) -> None:
    refuse(site, "GetTable", "ThrottlingException", times=3)
    site.tables.register(["words"])
    assert site.writes()["CreateTable"] == 1


def test_no_region_is_said(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(UserError, match="export AWS_REGION, such as"):
        site.tables.register(["words"])


def test_no_credentials_are_said(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(UserError, match="needs AWS credentials"):
        site.tables.register(["words"])


def test_no_answer_is_said(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"Glue gave no answer .*check AWS_REGION"):
        site.tables.register(["words"])


def test_a_table_with_a_new_column_in_the_middle(site: Site) -> None:
    """The columns are those of the schema, in its order: Athena reads Parquet by name."""
    site.tables.register(["words"])
    schema = TABLES["words"].schema
    grown = schema.insert(3, pa.field("loud", pa.bool_(), metadata={"comment": "said loudly"}))
    wanted = LAKE.table_input(Table("words", grown), TODAY)
    site.put(wanted)
    with pytest.raises(UserError, match="has the column loud"):
        site.tables.register(["words"])

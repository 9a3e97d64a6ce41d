"""The tables as Glue is told of them: types, places, projection, and what may change."""

import datetime as dt
from typing import Any

import botocore.session
import pyarrow as pa
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.schemas import DATE_TABLES, TABLES
from stt_pipeline.domain.sql.glue_tables import GlueLake, TableInput, glue_type, updated

FIRST, TODAY = dt.date(2025, 1, 1), dt.date(2026, 11, 23)
LAKE = GlueLake("s3://bucket/some/lake", FIRST)
PROJECTED = [name for name in DATE_TABLES if name != "recordings"]


def table_input(name: str, today: dt.date = TODAY) -> TableInput:
    return LAKE.table_input(TABLES[name], today)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("operation", ["CreateTable", "UpdateTable"])
def test_glue_takes_it(name: str, operation: str) -> None:
    shape = botocore.session.Session().get_service_model("glue").operation_model(operation)
    request = {"DatabaseName": "calls", "TableInput": table_input(name)}
    report = ParamValidator().validate(request, shape.input_shape)
    assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize("name", TABLES)
def test_columns_are_those_of_the_schema_with_their_comments(name: str) -> None:
    columns = table_input(name)["StorageDescriptor"]["Columns"]
    assert [column["Name"] for column in columns] == TABLES[name].schema.names
    assert all(0 < len(column["Comment"]) <= 255 for column in columns), "Glue's limit is 255"


@pytest.mark.parametrize(
    ("kind", "hive"),
    [
        (pa.string(), "string"),
        (pa.int32(), "int"),
        (pa.int64(), "bigint"),
        (pa.float64(), "double"),
        (pa.bool_(), "boolean"),
        (pa.timestamp("ms"), "timestamp"),
    ],
    ids=str,
)
def test_every_arrow_type_has_its_hive_type(kind: pa.DataType, hive: str) -> None:
    assert glue_type(kind) == hive


@pytest.mark.parametrize(
    "kind",
    [
        pa.uint32(),
        pa.timestamp("us"),
        pa.timestamp("ms", "UTC"),
        pa.list_(pa.string()),
        pa.float32(),
        pa.date32(),
    ],
    ids=str,
)
def test_a_type_that_athena_would_misread_is_refused(kind: pa.DataType) -> None:
    with pytest.raises(TypeError, match="No published table"):
        glue_type(kind)


@pytest.mark.parametrize("name", PROJECTED)
def test_dates_are_projected_from_the_first_to_tomorrow(name: str) -> None:
    table = table_input(name)
    assert table["PartitionKeys"][0]["Name"] == "call_date"
    assert table["PartitionKeys"][0]["Type"] == "string"
    assert table["Parameters"] == {
        "EXTERNAL": "TRUE",
        "classification": "parquet",
        "projection.enabled": "true",
        "projection.call_date.type": "date",
        "projection.call_date.format": "yyyy-MM-dd",
        "projection.call_date.range": "2025-01-01,NOW+1DAYS",
        "projection.call_date.interval": "1",
        "projection.call_date.interval.unit": "DAYS",
        "storage.location.template": f"s3://bucket/some/lake/{name}/call_date=${{call_date}}/",
    }
    assert table["StorageDescriptor"]["Location"] == f"s3://bucket/some/lake/{name}/"


def test_the_ledger_s_partitions_are_listed_with_the_undated() -> None:
    parameters = table_input("recordings")["Parameters"]
    values = parameters["projection.call_date.values"].split(",")
    assert parameters["projection.call_date.type"] == "enum"
    assert (values[0], values[-2], values[-1]) == ("2025-01-01", "2026-12-31", "undated")
    assert len(values) == (dt.date(2026, 12, 31) - FIRST).days + 2
    assert "projection.call_date.range" not in parameters


@given(st.dates(FIRST, dt.date(2099, 12, 31)))
def test_the_ledger_s_list_holds_today_and_the_month_after(today: dt.date) -> None:
    values = table_input("recordings", today)["Parameters"]["projection.call_date.values"]
    last = dt.date.fromisoformat(values.split(",")[-2])
    assert dt.timedelta(days=28) <= last - today <= dt.timedelta(days=62)
    assert (last + dt.timedelta(days=1)).day == 1
    assert len(values) < 512_000, "Glue's limit for the value of a parameter"


def test_the_week_is_a_column_and_no_partition() -> None:
    table = table_input("weekly_readiness")
    assert table["PartitionKeys"] == []
    assert table["StorageDescriptor"]["Columns"][0]["Name"] == "week"
    assert not [name for name in table["Parameters"] if name.startswith("projection")]


class TestUpdated:
    """What Glue is told where it has the table already."""

    def found(self, name: str = "words", **more: Any) -> dict[str, Any]:
        """As GetTable answers: what was told, and fields of Glue's own."""
        table = table_input(name)
        table["StorageDescriptor"] |= {"Compressed": False, "StoredAsSubDirectories": False}
        return {**table, "DatabaseName": "calls", "VersionId": "3", "Retention": 0, **more}

    @pytest.mark.parametrize("name", TABLES)
    def test_nothing_where_all_is_as_wanted(self, name: str) -> None:
        assert updated(self.found(name), table_input(name), "calls") is None

    def test_a_new_comment_is_told(self) -> None:
        found = self.found()
        found["StorageDescriptor"]["Columns"][0]["Comment"] = "something else"
        assert updated(found, table_input("words"), "calls") == table_input("words")

    def test_a_projection_of_before_is_taken_away_and_foreign_parameters_stay(self) -> None:
        found = self.found()
        found["Parameters"] |= {
            "projection.call_date.type": "enum",
            "projection.call_date.values": "2026-11-16",
            "owner_team": "analysts",
        }
        told = updated(found, table_input("words"), "calls")
        assert told is not None
        assert told["Parameters"] == table_input("words")["Parameters"] | {"owner_team": "analysts"}

    def test_the_case_of_a_type_is_none_of_ours(self) -> None:
        found = self.found()
        found["StorageDescriptor"]["Columns"][0]["Type"] = "STRING"
        assert updated(found, table_input("words"), "calls") is not None

    @pytest.mark.parametrize(
        ("place", "change", "says"),
        [
            (0, {"Type": "bigint"}, "The column call_id of the Glue table calls.words is bigint"),
            (0, {"Name": "caller"}, "has the column caller, which this version does not write"),
        ],
    )
    def test_columns_gone_or_retyped_are_refused(
        self, place: int, change: dict[str, str], says: str
    ) -> None:
        found = self.found()
        found["StorageDescriptor"]["Columns"][place] |= change
        with pytest.raises(UserError, match=says):
            updated(found, table_input("words"), "calls")

    def test_another_partition_column_is_refused(self) -> None:
        found = self.found()
        found["PartitionKeys"] = [{"Name": "day", "Type": "string"}]
        with pytest.raises(UserError, match="has the column day"):
            updated(found, table_input("words"), "calls")

    def test_a_view_of_that_name_is_refused(self) -> None:
        found = {"Name": "words", "TableType": "VIRTUAL_VIEW", "StorageDescriptor": {}}
        with pytest.raises(UserError, match=r"calls\.words reads nothing"):
            updated(found, table_input("words"), "calls")

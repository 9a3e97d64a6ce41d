"""The known lake on S3, its tables in Glue, a Trino server that reads them, and Athena on it."""

from collections.abc import Iterator

import pytest

from stt_pipeline.adapters.athena.catalog import AthenaCatalog
from stt_pipeline.adapters.athena.execution import AthenaQueries
from stt_pipeline.adapters.athena.glue import GlueTables
from stt_pipeline.adapters.s3_store import S3Store
from stt_pipeline.domain.schemas import TABLES
from stt_pipeline.domain.sql.glue_tables import GlueLake
from stt_pipeline_tests.cloud.s3 import ENVIRONMENT, create_bucket, running_s3
from stt_pipeline_tests.known_lake import FIRST_DATE, TODAY, write_known_lake
from stt_pipeline_tests.trino.athena import WORKGROUP, Athena, running_athena
from stt_pipeline_tests.trino.server import Trino, running_trino

DATABASE = "calls"
LAKE_URI = "s3://stt-known/some/lake"


@pytest.fixture(scope="package")
def aws_endpoint() -> Iterator[str]:
    """AWS's own environment for this process and those that it starts, with the known lake."""
    with running_s3() as endpoint, pytest.MonkeyPatch.context() as patch:
        for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint}.items():
            patch.setenv(name, value)
        create_bucket(endpoint, "stt-known")
        write_known_lake(S3Store("stt-known", "some/lake", "STT_LAKE_URI"))
        GlueTables(DATABASE, GlueLake(LAKE_URI, FIRST_DATE), lambda: TODAY).register(list(TABLES))
        yield endpoint


@pytest.fixture(scope="package")
def trino(aws_endpoint: str) -> Iterator[Trino]:
    """The server."""
    with running_trino(aws_endpoint) as trino:
        yield trino


@pytest.fixture(scope="package")
def athena(trino: Trino) -> Iterator[Athena]:
    """Athena's API; boto3 finds it by AWS's own environment."""
    with running_athena(trino) as (athena, endpoint), pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_ATHENA", endpoint)
        yield athena


@pytest.fixture
def catalog(athena: Athena) -> AthenaCatalog:
    """The pipeline's own catalog on them."""
    tables = GlueTables(DATABASE, GlueLake(LAKE_URI, FIRST_DATE), lambda: TODAY)
    return AthenaCatalog(tables, AthenaQueries(DATABASE, WORKGROUP))

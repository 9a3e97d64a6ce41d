"""The analysts' library: one file a query, in Athena's SQL.

How a file is read, domain/sql/analyst_queries.py says. Another query is another `.sql` file here; a
test of the library runs each on DuckDB and on Trino.
"""

from importlib.resources import files

from stt_pipeline.domain.sql.analyst_queries import AnalystQuery


def library() -> list[AnalystQuery]:
    """Every query, by name."""
    texts = sorted(
        (file for file in files(__name__).iterdir() if file.name.endswith(".sql")),
        key=lambda file: file.name,
    )
    return [
        AnalystQuery.parse(file.name.removesuffix(".sql"), file.read_text("utf-8"))
        for file in texts
    ]

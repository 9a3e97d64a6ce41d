"""The README says what the code does: its tables and settings are written from the code."""

from stt_pipeline_tests.readme import README, with_parts


def test_the_readme_names_every_table_column_and_setting_as_the_code_does() -> None:
    text = README.read_text()
    assert with_parts(text) == text, "run: python -m stt_pipeline_tests.readme"

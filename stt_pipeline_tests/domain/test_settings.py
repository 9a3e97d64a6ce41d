"""The settings: defaults, and one sentence for one wrong value."""

import datetime as dt

import pytest

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.recordings.keys import KeyMetadata
from stt_pipeline.settings import Settings, load_settings
from stt_pipeline_tests.factories import utc


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return monkeypatch


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("RECORDINGS_URI", "/srv/calls", "write it as file:///folder or s3://bucket/prefix"),
        ("RECORDINGS_URI", "file:///", "write it as file:///folder or s3://bucket/prefix"),
        ("LAKE_URI", "s3://", "write it as file:///folder or s3://bucket/prefix"),
        ("REFERENCES_URI", "", "write it as file:///folder or s3://bucket/prefix"),
        ("TIMEZONE", "Mars/Olympus", "no time zone is called 'Mars/Olympus'"),
        ("TIMEZONE", "Europe", "no time zone is called 'Europe'"),
        ("TIMEZONE", "../../etc/passwd", "no time zone is called"),
        ("DEADLINE", "Monday 8am", "write a weekday and a time, such as Mon 08:00"),
        ("FIRST_DATE", "2026-02-30", "valid date"),
        ("CATALOG", "athena", "'duckdb' or 'glue'"),
        ("DEVICE", "tpu", "'cpu' or 'cuda'"),
        ("COMPUTE_TYPE", "int4", "'int8', 'int8_float32', 'int8_float16', 'float16' or 'float32'"),
        ("COMPUTE_TYPE", "float16", "float16 is for a GPU: set STT_DEVICE=cuda"),
        ("MODEL_SHA256", "d01c", "write the 64 hexadecimal digits"),
        ("ALERT_SNS_TOPIC", "my-topic", "ARN, such as arn:aws:sns:"),
        ("UI_URL", "dagster.example.com", "write it as https://host"),
        (
            "LANGUAGES",
            "french",
            "write codes that Whisper knows, separated by commas, such as fr,en",
        ),
        ("LANGUAGES", "", "write codes that Whisper knows, separated by commas, such as fr,en"),
        ("CHANNELS", "agent,customer", "write left=agent,right=customer"),
        ("CHANNELS", "left=agent", "write left=agent,right=customer"),
        ("CHANNELS", "left=agent,right=robot", "write left=agent,right=customer"),
        ("MAX_WER", "20%", "valid number"),
        ("MAX_WER", "20", "less than or equal to 1"),
        ("MAX_WER", "nan", "less than or equal to 1"),
        ("MIN_COVERAGE", "-0.1", "greater than or equal to 0"),
        ("MAX_SHARDS", "0", "greater than or equal to 1"),
        ("MAX_SHARDS", "many", "valid integer"),
        ("SHARD_MINUTES", "0", "greater than 0"),
        ("SERVE_OIDC_ISSUER", "login.example.com", "write the issuer's address"),
        ("SERVE_URIS", "s3://a/b,/data", "write it as file:///folder or s3://bucket/prefix"),
        ("SERVE_QUEUE_MINUTES", "0", "greater than 0"),
        ("SERVE_MAX_MB", "6000", "less than or equal to 5000"),
        ("SERVE_RATE_PER_MINUTE", "0", "greater than or equal to 1"),
        ("SERVE_TIMEOUT_S", "inf", "finite number"),
    ],
)
def test_a_wrong_value_is_one_sentence_with_its_variable_and_the_remedy(
    environment: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    environment.setenv(f"STT_{name}", value)

    with pytest.raises(UserError) as refused:
        load_settings()

    message = str(refused.value)
    assert message.startswith(f"STT_{name}={value!r} is not valid: ")
    assert says in message
    assert message.endswith(".")
    assert "\n" not in message


def test_of_two_wrong_values_one_is_told(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("STT_MAX_WER", "2")
    environment.setenv("STT_MIN_COVERAGE", "2")

    with pytest.raises(UserError, match=r"^STT_MAX_WER='2' is not valid: [^.]+\.$"):
        load_settings()


def test_a_wrong_pattern_is_refused_at_the_start(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("STT_RECORDING_PATTERN", "(?P<call_id>.*")

    with pytest.raises(UserError, match=r"^STT_RECORDING_PATTERN is not a regular expression"):
        load_settings()


def test_without_an_environment_the_documented_defaults_hold() -> None:
    settings = load_settings()

    assert (settings.timezone, settings.deadline) == ("Europe/Paris", "Mon 08:00")
    assert (settings.max_wer, settings.min_coverage) == (0.20, 0.70)
    assert (settings.model, settings.compute_type) == ("base", "int8")
    assert (settings.languages, settings.channels) == (("fr", "en"), ("agent", "customer"))
    assert settings.catalog == "duckdb"
    assert settings.max_shards >= 1
    assert settings.recordings_uri.startswith("file:///")
    assert settings.lake_uri != settings.recordings_uri


def test_values_are_read_from_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("STT_RECORDINGS_URI", "s3://bucket/calls/")
    environment.setenv("STT_LANGUAGES", "en, es ,fr")
    environment.setenv("STT_CHANNELS", "right=agent,left=customer")
    environment.setenv("STT_MAX_WER", "0.05")
    environment.setenv("STT_FIRST_DATE", "2026-11-16")

    settings = load_settings()

    assert settings.recordings_uri == "s3://bucket/calls"
    assert settings.languages == ("en", "es", "fr")
    assert settings.channels == ("customer", "agent")
    assert settings.max_wer == 0.05
    assert settings.first_date == dt.date(2026, 11, 16)


def test_the_pattern_and_zone_read_keys(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("STT_RECORDING_PATTERN", r"(?P<date>\d{8})/(?P<time>\d{4})-(?P<call_id>\w+)")
    environment.setenv("STT_TIMEZONE", "America/New_York")

    assert load_settings().key_pattern.read("20261116/0930-C1.wav") == KeyMetadata(
        call_date=dt.date(2026, 11, 16),
        call_id="C1",
        started_at=utc("2026-11-16T14:30"),
    )


def test_a_worker_reads_the_settings_it_is_handed_as_they_were(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("STT_CHANNELS", "left=customer,right=agent")
    environment.setenv("STT_LANGUAGES", "es")
    settings = load_settings()
    environment.setenv("STT_LANGUAGES", "it")

    assert Settings.model_validate_json(settings.model_dump_json()) == settings


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in Settings.model_fields.values())

"""What a caller may want of a recording."""

import pytest

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.serving.options import Options, parse_options

LANGUAGES = ("fr", "en")


def test_fields_left_out_or_empty_leave_it_to_the_settings() -> None:
    assert parse_options({}, LANGUAGES) == Options()
    assert parse_options({"language": " ", "format": "", "other": "x"}, LANGUAGES) == Options()
    assert Options().engine_settings() == {}


def test_each_field_is_read() -> None:
    fields = {
        "language": "FR",
        "channels": "left=customer,right=agent",
        "words": "false",
        "format": "srt",
    }
    options = parse_options(fields, LANGUAGES)
    assert options == Options("fr", ("customer", "agent"), words=False, form="srt")
    assert options.engine_settings() == {"languages": ("fr",), "channels": ("customer", "agent")}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("language", "de", "write fr or en, or leave it out"),
        ("language", "x" * 500, "is not heard here"),
        ("channels", "agent,customer", "write left=agent,right=customer"),
        ("channels", "left=agent,right=agent", "write left=agent,right=customer"),
        ("words", "perhaps", "neither true nor false"),
        ("format", "docx", "is none of json, srt, txt, vtt"),
        ("format", "../srt", "is none of json, srt, txt, vtt"),
    ],
)
def test_what_cannot_be_met_is_refused_in_a_sentence(name: str, value: str, says: str) -> None:
    with pytest.raises(UserError, match=says) as refused:
        parse_options({name: value}, LANGUAGES)
    assert len(str(refused.value)) < 200

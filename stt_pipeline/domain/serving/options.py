"""What a caller wants of a recording: language, speakers, words, format. Reads no request."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.speech.exports import FORMATS
from stt_pipeline.domain.speech.speakers import parse_sides

NAMES = ("language", "channels", "words", "format")
"""Every option, as callers write it."""

_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True)
class Options:
    """One request's wishes; None leaves it to the settings.

    `speakers` are who is on the left and on the right channel.
    """

    language: str | None = None
    speakers: tuple[str, str] | None = None
    words: bool = True
    form: str = "json"

    def engine_settings(self) -> dict[str, tuple[str, ...]]:
        """The settings that the engine has another value of, by their names."""
        wanted: dict[str, tuple[str, ...]] = {}
        if self.language:
            wanted["languages"] = (self.language,)
        if self.speakers:
            wanted["channels"] = self.speakers
        return wanted


def parse_options(fields: Mapping[str, str], languages: Sequence[str]) -> Options:
    """The options of a form's fields; an empty one counts as left out.

    Raises UserError, of one sentence, for a value that cannot be met.
    """
    given = {name: fields[name].strip() for name in NAMES if fields.get(name, "").strip()}
    options = Options()
    if language := given.get("language"):
        options = dataclasses.replace(options, language=parse_language(language, languages))
    if channels := given.get("channels"):
        options = dataclasses.replace(options, speakers=_speakers(channels))
    if words := given.get("words"):
        if words.lower() not in _TRUTHS:
            raise UserError(f"words={words[:40]!r} is neither true nor false.")
        options = dataclasses.replace(options, words=_TRUTHS[words.lower()])
    if form := given.get("format"):
        options = dataclasses.replace(options, form=parse_form(form))
    return options


def parse_language(code: str, languages: Sequence[str]) -> str:
    """The code, in small letters; raises UserError for one that this service does not hear."""
    if code.lower() not in languages:
        raise UserError(
            f"language={code[:40]!r} is not heard here: write {' or '.join(languages)}, or leave "
            "it out."
        )
    return code.lower()


def parse_form(form: str) -> str:
    """The format's name; raises UserError for one that there is not."""
    if form not in FORMATS:
        raise UserError(f"format={form[:40]!r} is none of {', '.join(sorted(FORMATS))}.")
    return form


def _speakers(text: str) -> tuple[str, str]:
    try:
        return parse_sides(text)
    except ValueError as error:
        raise UserError(f"channels={text[:60]!r}: {error}.") from None

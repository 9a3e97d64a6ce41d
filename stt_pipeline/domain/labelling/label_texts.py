"""Texts that came back from labelling: checked, one sentence for each fault. Reads no file."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from stt_pipeline.domain.quality.normalise import normaliser
from stt_pipeline.domain.quality.references import SUFFIX
from stt_pipeline.domain.quality.wer import count_errors

NOBODY: Final = "-"
"""The text of a speaker who says nothing."""

UNRELATED_WER: Final = 0.9
"""Above it, what was heard and what was written have next to no word in common."""

LEAST_WORDS: Final = 5
"""Of a shorter text, all words may well be wrong."""


@dataclass(frozen=True)
class AskedCall:
    """A call whose text was asked for: what was heard, by speaker or as a whole under ``.

    `file` is the beginning of the names of its files.
    """

    call_date: str
    call_id: str
    file: str
    language: str | None
    heard: Mapping[str, str]

    def text_name(self, speaker: str) -> str:
        """The name of the text file of a speaker."""
        return f"{self.file}{'.' if speaker else ''}{speaker}{SUFFIX}"


@dataclass(frozen=True)
class Page:
    """What the page saved: for each call that was ticked as done, its text by speaker."""

    draw: str
    calls: Mapping[str, Mapping[str, str]]


@dataclass
class Checked:
    """Reference texts to store, by call_id and speaker; what is wrong; what is not done yet."""

    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)


def check_texts(
    asked: Collection[AskedCall],
    files: Mapping[str, bytes],
    page: Page | None = None,
    sure: Collection[str] = (),
) -> Checked:
    """The texts of every call that was corrected; `files` are text files by name.

    Who ticks a call in the page vouches for its text, however odd it looks; so does who names its
    call_id among `sure`. Of the others, one that is as it was heard is `unchanged`.
    """
    checked = Checked()
    checked.problems += _strangers(asked, files, sure)
    for call in asked:
        written, problems = _written(call, files)
        ticked = dict(page.calls.get(call.call_id, {})) if page else {}
        if ticked and ticked.keys() != call.heard.keys():
            problems = [
                f"the page's file has no text for each speaker of {call.call_id}: save again"
            ]
        elif (
            ticked and not problems and _differs(written, call.heard) and _differs(written, ticked)
        ):
            problems = [f"{call.call_id} was corrected in the page and in its text file: keep one"]
        texts = ticked or written
        vouched = bool(ticked) or call.call_id in sure
        if not problems and not vouched:
            if not _differs(texts, call.heard):
                checked.unchanged.append(call.call_id)
                continue
            problems = list(_oddities(call, texts))
        checked.problems += [f"{problem}." for problem in problems]
        if not problems:
            checked.texts[call.call_id] = {who: _stored(text) for who, text in texts.items()}
    return checked


def _strangers(
    asked: Collection[AskedCall], files: Mapping[str, bytes], sure: Collection[str]
) -> Iterator[str]:
    """Names of files, and of calls, that belong to no call of the draw."""
    expected = {call.text_name(who) for call in asked for who in call.heard}
    for name in sorted(files.keys() - expected):
        call = next((one for one in asked if name.startswith(f"{one.file}.")), None)
        if call is None:
            yield f"{name}: no call of this name was asked for: correct the name, or take it away."
        else:
            rightly = " and ".join(call.text_name(who) for who in call.heard)
            yield f"{name}: {call.call_id} has {rightly}: correct the speaker's name."
    for call_id in sorted(set(sure) - {call.call_id for call in asked}):
        yield f"--sure {call_id}: no call of this name was asked for."


def _written(call: AskedCall, files: Mapping[str, bytes]) -> tuple[dict[str, str], list[str]]:
    """The call's text files by speaker, and what keeps them from being read."""
    texts: dict[str, str] = {}
    problems = []
    for speaker in call.heard:
        name = call.text_name(speaker)
        data = files.get(name)
        if data is None:
            problems.append(f"{name} is missing: put it back, or export again")
            continue
        text = _decoded(data)
        if text is None:
            problems.append(f"{name} is not UTF-8: save it in that encoding")
        else:
            texts[speaker] = text
    return texts, problems


def _decoded(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text or "\ufffd" in text else text


def _differs(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return any(one[who].split() != other[who].split() for who in one)


def _oddities(call: AskedCall, texts: Mapping[str, str]) -> Iterator[str]:
    _, rule = normaliser(call.language)
    for speaker, text in texts.items():
        heard = call.heard[speaker]
        whose = f"the text of {speaker or 'the whole'} in {call.call_id}"
        if heard.strip() and not text.strip():
            yield f"{whose} is empty: write what is said, or '{NOBODY}' if nobody speaks"
        counts = count_errors(text, heard, rule)
        rate = counts.wer or 0.0
        if heard.strip() and counts.reference_words >= LEAST_WORDS and rate > UNRELATED_WER:
            yield (
                f"{whose} has next to no word of what was heard (WER {rate:.0%}): is it another "
                f"call's, or another speaker's? If it is right, add --sure {call.call_id}"
            )


def _stored(text: str) -> str:
    """The text as a reference file holds it: one line an utterance, none for nobody."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    kept = [line for line in lines if line and line != NOBODY]
    return "".join(f"{line}\n" for line in kept)

"""An engine that answers from a table, and a worker program that has it. Hears nothing.

It stands in for Whisper where the rest of the pipeline is measured. Its worker is the pipeline's
own in everything else: it reads groups over its pipe and writes every checkpoint.
"""

import datetime as dt
import os
import random
import sys
from collections.abc import Iterable, Iterator, Mapping

from stt_pipeline import wiring, worker
from stt_pipeline.domain.ports import Heard, Source, Transcriber
from stt_pipeline.domain.speech.transcription import Channel, Segment, Span, Transcription, Word
from stt_pipeline.settings import Settings

WORDS_VARIABLE = "BENCH_SCALE_WORDS"
"""Words of a call, for the worker processes."""

CALL_S = 300.0
"""What a call lasts by the answers: 60,000 of them are 5,000 call-hours."""

ENGINE_CPU_S = 17.0
"""What a row says that a call cost: 3.4 CPU seconds a minute, as measured of the real engine."""

ANSWERS = 128
UTTERANCE_WORDS = 13
VOCABULARY = 5_000
SPEAKERS = ("agent", "customer")


class TableTranscriber:
    """Implements Transcriber: the answer to a recording follows from the digits of its name."""

    def __init__(self, engine: str, words: int) -> None:
        """`words` of each call."""
        self.engine = engine
        self._answers = [answer(seed, words) for seed in range(ANSWERS)]

    def transcribe_all(self, sources: Iterable[Source]) -> Iterator[tuple[int, Heard]]:
        """See Transcriber; each recording is opened and read, as an engine would."""
        for index, source in enumerate(sources):
            with source.open() as audio:
                audio.read()
            yield index, self._answers[number_of(source.name) % ANSWERS]


def number_of(name: str) -> int:
    """The digits at the end of a recording's name."""
    return int(name.rpartition("-")[2].removesuffix(".wav"))


def answer(seed: int, words: int) -> Transcription:
    """A call of two channels that speak in turn, always the same for a seed."""
    drawn = random.Random(seed)
    texts = [_word(1 + int(VOCABULARY * drawn.random() ** 3)) for _ in range(words)]
    word_s = CALL_S / (words + words / UTTERANCE_WORDS + 1)
    segments: list[Segment] = []
    start_s = 0.0
    for first in range(0, words, UTTERANCE_WORDS):
        turn = _turn(texts[first : first + UTTERANCE_WORDS], start_s, word_s, drawn)
        segments.append(_segment(turn, len(segments) % 2, drawn))
        start_s = turn[-1].end_s + word_s
    return Transcription(
        duration_s=CALL_S,
        channels=tuple(_channel(index, segments) for index in range(2)),
        segments=tuple(segments),
        language="fr",
        language_probability=0.98,
        dual_mono=False,
        cpu_s=ENGINE_CPU_S,
        transcribed_at=dt.datetime.fromisoformat("2026-11-17T06:00"),
    )


def _word(rank: int) -> str:
    """A word of its own for every rank, the frequent ones short."""
    letters = "etaoinshrdlucmfw"
    spelled = ""
    while rank:
        rank, letter = divmod(rank, len(letters))
        spelled += letters[letter]
    return spelled


def _turn(texts: list[str], start_s: float, word_s: float, drawn: random.Random) -> list[Word]:
    return [
        Word(
            start_s=round(start_s + place * word_s, 2),
            end_s=round(start_s + (place + 1) * word_s, 2),
            word=text,
            probability=round(drawn.uniform(0.85, 1.0), 3),
        )
        for place, text in enumerate(texts)
    ]


def _segment(words: list[Word], channel: int, drawn: random.Random) -> Segment:
    return Segment(
        channel=channel,
        speaker=SPEAKERS[channel],
        avg_logprob=round(drawn.uniform(-0.5, -0.05), 4),
        no_speech_prob=round(drawn.uniform(0.0, 0.1), 4),
        compression_ratio=round(drawn.uniform(0.8, 1.6), 4),
        words=tuple(words),
    )


def _channel(index: int, segments: list[Segment]) -> Channel:
    speech = tuple(Span(one.start_s, one.end_s) for one in segments if one.channel == index)
    return Channel(index, SPEAKERS[index], speech, peak=0.5, rms=0.05, clipped_share=0.0)


def table_transcriber(
    settings: Settings,
    cpu_threads: int,
    figures: Mapping[str, float] = wiring.AS_WRITTEN,
    batch: int = 0,
) -> Transcriber:
    """In place of `wiring.transcriber`."""
    del cpu_threads, batch
    label = wiring.engine_spec(settings, figures).label
    return TableTranscriber(label, int(os.environ[WORDS_VARIABLE]))


if __name__ == "__main__":
    wiring.transcriber = table_transcriber
    sys.exit(worker.main())

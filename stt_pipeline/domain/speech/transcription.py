"""What an engine hears in one recording: words, utterances, speech. Knows no model and no table."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A stretch of one channel, in seconds from the start of the call."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Word:
    """A word with its punctuation; times in seconds from the start of the call."""

    start_s: float
    end_s: float
    word: str
    probability: float


@dataclass(frozen=True)
class Segment:
    """An utterance of one channel: words until a pause."""

    channel: int
    speaker: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float
    words: tuple[Word, ...]

    @property
    def start_s(self) -> float:
        """Start of its first word."""
        return self.words[0].start_s

    @property
    def end_s(self) -> float:
        """End of its last word."""
        return self.words[-1].end_s

    @property
    def text(self) -> str:
        """Its words as one line."""
        return " ".join(word.word for word in self.words)


@dataclass(frozen=True)
class Channel:
    """One channel as heard before any word: where speech is, and how its signal looks.

    `peak` is the largest sample of full scale (0 to 1), `rms` the root mean square of samples in
    speech, `clipped_share` the share of speech samples at full scale. `languages` are those heard
    on it with confidence, for seconds and not for a name or two. `background_rms` is the root mean
    square of all other samples; 0 where nobody measured it.
    """

    index: int
    speaker: str
    speech: tuple[Span, ...]
    peak: float
    rms: float
    clipped_share: float
    languages: tuple[str, ...] = ()
    background_rms: float = 0.0

    @property
    def speech_s(self) -> float:
        """Seconds with speech."""
        return sum(span.duration_s for span in self.speech)


@dataclass(frozen=True)
class Transcription:
    """The result of one recording under one engine; segments in order of time over all channels.

    `duration_s` counts the seconds decoded. `dual_mono` is true where both channels carry the same
    signal and were read as one.
    """

    duration_s: float
    channels: tuple[Channel, ...]
    segments: tuple[Segment, ...]
    language: str | None
    language_probability: float | None
    dual_mono: bool
    cpu_s: float
    transcribed_at: dt.datetime

    @property
    def speech_s(self) -> float:
        """Seconds with speech, summed over channels."""
        return sum(channel.speech_s for channel in self.channels)

    @property
    def text(self) -> str:
        """The words of all segments, in one line."""
        return " ".join(segment.text for segment in self.segments)

    @property
    def word_count(self) -> int:
        """Words in all segments."""
        return sum(len(segment.words) for segment in self.segments)


@dataclass(frozen=True)
class Failure:
    """Why a recording has no transcription; `transient` ones are tried again by the next run."""

    reason: str
    transient: bool = False


Outcome = Transcription | Failure


@dataclass(frozen=True)
class Result:
    """A checkpoint: the outcome of one content under one engine."""

    etag: str
    engine: str
    outcome: Outcome

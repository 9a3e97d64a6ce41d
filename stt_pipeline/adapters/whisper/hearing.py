"""One recording at work: its speech by channel, its language, the words found so far.

Finds no speech and reads no chunk itself.
"""

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from stt_pipeline.adapters.whisper.speech import ChannelListener, Samples, Sound, Utterance
from stt_pipeline.domain.speech import utterances
from stt_pipeline.domain.speech.activity import RATE
from stt_pipeline.domain.speech.chunking import Chunk, pack
from stt_pipeline.domain.speech.engine import EngineSpec
from stt_pipeline.domain.speech.languages import LanguageVotes
from stt_pipeline.domain.speech.loops import LOOP_COMPRESSION_RATIO
from stt_pipeline.domain.speech.transcription import Segment, Transcription, Word

ALIKE = 0.02
"""Two channels whose difference is below this share of their level carry the same signal."""

UNKNOWN_SPEAKER = "unknown"


@dataclass(frozen=True)
class ChunkFigures:
    """What the decoder says of a chunk."""

    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float


@dataclass(frozen=True)
class _HeardWord:
    word: Word
    figures: ChunkFigures


class Hearing:
    """A recording from its first samples to its transcription."""

    def __init__(self, spec: EngineSpec) -> None:
        """Nothing is heard yet."""
        self._spec = spec
        self._listeners: list[ChannelListener] = []
        self._said: list[list[Utterance]] = []
        self._words: list[list[_HeardWord]] = []
        self._samples = 0
        self._dual_mono = False
        self._is_sound_heard = False
        self.votes = LanguageVotes()
        self._language: str | None = None
        self._channel_languages: dict[int, str] = {}
        self.cpu_s = 0.0

    def listen(self, piece: Samples) -> None:
        """Hears the next piece, of shape (channels, samples)."""
        self._settle_channels(piece)
        self._samples += piece.shape[1]
        # A dual-mono call has one listener for its two channels.
        for said, listener, channel in zip(self._said, self._listeners, piece, strict=False):
            said += listener.listen(channel)

    def finish(self) -> None:
        """The recording is at its end: speech still held has ended."""
        for said, listener in zip(self._said, self._listeners, strict=True):
            said += listener.finish()

    def take(self) -> list[tuple[Chunk, Sound]]:
        """What was said and has ended since the last time, packed into chunks."""
        chunks = _chunks(self._said)
        self._said = [[] for _ in self._listeners]
        return chunks

    def settled_language(self, channel: int) -> str:
        """The language to read a channel in: settled once, by the votes until then."""
        if self._language is None:
            self._language = self.votes.of_call(self._spec.languages)
        if channel not in self._channel_languages:
            own = self.votes.of_channel(channel, self._language)
            self._channel_languages[channel] = own
        return self._channel_languages[channel]

    def add(self, chunk: Chunk, words: Sequence[Word], figures: ChunkFigures) -> None:
        """Words of a chunk, in seconds from its start, as the model wrote them."""
        self._words[chunk.channel] += [
            _HeardWord(_placed(chunk, word), figures) for word in _whole_words(words)
        ]

    def transcription(self) -> Transcription:
        """What was heard."""
        allowed = self._spec.languages
        probability = 1.0 if len(allowed) == 1 else self.votes.share(self._language or "")
        segments = [
            segment
            for listener, words in zip(self._listeners, self._words, strict=True)
            for segment in _utterances(words, listener.channel.index, listener.channel.speaker)
        ]
        return Transcription(
            duration_s=round(self._samples / RATE, 3),
            channels=tuple(
                replace(one.channel, languages=self.votes.sure_of(one.channel.index))
                for one in self._listeners
            ),
            segments=utterances.in_order(segments),
            language=self._language,
            language_probability=round(probability, 4) if self._language else None,
            dual_mono=self._dual_mono,
            cpu_s=round(self.cpu_s, 3),
            transcribed_at=dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0),
        )

    def _settle_channels(self, piece: Samples) -> None:
        """One listener a channel; one for two channels as long as they carry the same sound."""
        alike = len(piece) == 2 and _alike(piece[0], piece[1])
        if not self._listeners or (alike and not self._is_sound_heard):
            self._dual_mono = alike
            self._listen_to((UNKNOWN_SPEAKER,) if alike or len(piece) == 1 else self._spec.speakers)
        elif len(self._listeners) < len(piece) and not alike:
            # Still said to be dual mono: until here nobody can tell who spoke.
            heard, said, words = self._listeners[0], self._said[0], self._words[0]
            self._listen_to(self._spec.speakers)
            heard.speaker = self._spec.speakers[0]
            self._listeners[0], self._said[0], self._words[0] = heard, said, words
        self._is_sound_heard = self._is_sound_heard or bool(piece.any())

    def _listen_to(self, speakers: Sequence[str]) -> None:
        start = self._samples
        self._listeners = [
            ChannelListener(index, speaker, self._spec.detection, start)
            for index, speaker in enumerate(speakers)
        ]
        self._said = [[] for _ in speakers]
        self._words = [[] for _ in speakers]


def _chunks(heard: list[list[Utterance]]) -> list[tuple[Chunk, Sound]]:
    """What every channel said, packed, each chunk with its sound."""
    chunks: list[tuple[Chunk, Sound]] = []
    for channel, said in enumerate(heard):
        if not said:
            continue
        packed = pack(channel, (utterance.span for utterance in said))
        voice = Sound(
            np.concatenate([one.sound.samples for one in said]),
            np.concatenate([one.sound.spoken for one in said]),
        )
        lengths = [round(chunk.duration_s * RATE) for chunk in packed]
        edges = itertools.pairwise(itertools.accumulate(lengths, initial=0))
        chunks += [(chunk, voice.part(a, b)) for chunk, (a, b) in zip(packed, edges, strict=True)]
    return chunks


def _alike(left: Samples, right: Samples) -> bool:
    level = float(np.sqrt(np.mean(np.square(left)))) + float(np.sqrt(np.mean(np.square(right))))
    apart = float(np.sqrt(np.mean(np.square(left - right))))
    return level > 0 and apart <= ALIKE * level / 2


def _whole_words(pieces: Sequence[Word]) -> list[Word]:
    """Pieces that the model wrote without a space between, such as `d` and `'options`, as one."""
    words: list[Word] = []
    for piece in pieces:
        if not piece.word.strip():
            continue
        if words and not piece.word.startswith(" "):
            whole = words[-1]
            words[-1] = Word(
                start_s=whole.start_s,
                end_s=piece.end_s,
                word=whole.word + piece.word,
                probability=min(whole.probability, piece.probability),
            )
        else:
            words.append(piece)
    return words


def _placed(chunk: Chunk, heard: Word) -> Word:
    """The word at its time in the call, without the space before it."""
    placed = chunk.place(heard)
    return Word(
        start_s=round(placed.start_s, 3),
        end_s=round(placed.end_s, 3),
        word=heard.word.strip(),
        probability=round(heard.probability, 4),
    )


def _utterances(heard: list[_HeardWord], channel: int, speaker: str) -> list[Segment]:
    """A channel's words as utterances; the figures are those of the chunk of the first word."""
    # What a chunk's text had missed is read after the chunks that follow it.
    heard = sorted(heard, key=lambda item: item.word.start_s)
    figures = {id(item.word): item.figures for item in heard}
    segments = []
    for words in utterances.cut([item.word for item in heard]):
        chunk = figures[id(words[0])]
        text = " ".join(word.word for word in words)
        looped = chunk.compression_ratio > LOOP_COMPRESSION_RATIO
        ratio = chunk.compression_ratio if looped else utterances.compression_ratio(text)
        segments.append(
            Segment(
                channel=channel,
                speaker=speaker,
                avg_logprob=round(chunk.avg_logprob, 4),
                no_speech_prob=round(chunk.no_speech_prob, 4),
                compression_ratio=round(ratio, 3),
                words=words,
            )
        )
    return segments

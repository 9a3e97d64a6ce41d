"""Names an engine by everything that can change its text. Loads nothing."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass

_CODES = (
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha "
    "haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr "
    "ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg "
    "th tk tl tr tt uk ur uz vi yi yo zh yue"
)

WHISPER_LANGUAGES = frozenset(_CODES.split())
"""Language codes of the multilingual models (openai/whisper, tokenizer.py)."""


@dataclass(frozen=True)
class ModelIdentity:
    """A verified model: its name, and the sha256 of its weights."""

    name: str
    sha256: str


@dataclass(frozen=True)
class SpeechDetection:
    """Silero voice activity settings, in the library's own terms.

    Half a second of silence ends a stretch: 4.51% WER against 4.57% at the library's two seconds,
    on 31 min of telephone prompts (DESIGN section 7 and issue 3). The detector is started afresh
    every `listen_s`, and hears `lead_in_s` of what was before again: after half a minute of silence
    it hears speech up to 1.9 s late, and prompts 45 s apart came to 6.3% WER in English and 17.3%
    in French instead of 3.1% and 10.2%.
    """

    threshold: float = 0.5
    min_silence_ms: int = 500
    speech_pad_ms: int = 400
    listen_s: float = 10.0
    lead_in_s: float = 1.0

    @property
    def silence_below(self) -> float:
        """How likely speech is where it goes on: less ends it. 0.15 below where it begins."""
        return max(self.threshold - 0.15, 0.01)


@dataclass(frozen=True)
class EncoderWindow:
    """How much the encoder sees of a chunk: its speech and `margin_s`, but at least `min_s`.

    Without a margin, or below 10 s, the decoder repeats itself (issue 3). Lengths are rounded up
    to a multiple of `step_s`. The decoder, whose time goes into reading the states for every token,
    reads means of where somebody speaks, as fine as `states` equal times of the window: a third
    fewer than there are of 30 s. A language that two beams are enough for (see Decoding) is read
    as `sure_states` are. Words are placed by `states` times, or by `word_states` such means where
    CTranslate2 places them. The language is told from every fourth of `states` (`language_step`):
    means of more than one and a half make it unsure, and of 24 French calls one was read as
    English.

    Where nobody speaks, one state of `quiet_step` is made, and stands for the others: in pauses, in
    the padding around speech, and in the margin. From layer `pooled_from_layer` on, attention sees
    two keys next to each other as one: the encoder costs a fifth less. In the first two layers that
    would cost French words. Two keys are 40 ms, and so the step is a multiple of 40 ms.
    """

    margin_s: float = 2.0
    min_s: float = 10.0
    step_s: float = 0.48
    max_s: float = 30.0
    states: int = 1000
    sure_states: int = 750
    language_step: int = 4
    word_states: int = 500
    pooled_from_layer: int = 2
    quiet_step: int = 4

    def length_s(self, speech_s: float) -> float:
        """Seconds that the encoder sees of a chunk with that much speech."""
        wanted_s = max(self.min_s, speech_s + self.margin_s)
        steps = math.ceil(round(wanted_s / self.step_s, 6))
        return min(self.max_s, round(steps * self.step_s, 6))


@dataclass(frozen=True)
class Decoding:
    """A cheap first pass for every chunk, and a dearer second one for what it was not sure of.

    Two beams for all English chunks made fewer errors than one beam and then five for the two in
    five below -0.11, with a fifth less decoding: of five beams the first two find nearly all
    (README.md beside the engine has the figures). Below -0.35, a token's probability of 0.7, are
    few chunks of clean calls: reading them again is a fiftieth of the decoding. In
    `unsure_languages`, where more beams do find more, every chunk is read with `unsure_beam` of
    them at once, and the cheap search reads again what loops: in French five found no more than
    four, three less. The second search waits for `second_patience` times as many ended texts as it
    has beams: in noise all five may begin with the last sentence, which ends first, and the whole
    text, far likelier a token, comes too late. So are texts read again, in any language, of less
    than `min_tokens_per_s`: of 341 chunks of calls none had under two. In languages that are not
    unsure, a chunk is read again, by the cheap search, where a word that its call surely says
    elsewhere lacks less than `own_word_odds` (natural logarithms) of what was read in its place:
    that word is then favoured by as much (see own_words).

    `max_tokens_per_s` ends a decoder that repeats itself: people speak 5 a second. A chunk above
    `no_speech_prob` and below `no_speech_logprob` holds no speech: Whisper's own rule and figures
    (Radford et al. 2022, section 4.5). Speech of `missed_s` without a word is read as a chunk of
    its own: a decoder at times begins with the second sentence, or ends with the first, and half a
    chunk is lost without a sign.
    """

    first_beam: int = 2
    second_beam: int = 5
    unsure_beam: int = 4
    second_patience: int = 2
    unsure_languages: tuple[str, ...] = ("fr",)
    sure_logprob: float = -0.35
    min_tokens_per_s: float = 1.5
    max_tokens_per_s: float = 8.0
    spare_tokens: int = 24
    no_speech_prob: float = 0.6
    no_speech_logprob: float = -1.0
    missed_s: float = 3.0
    own_word_odds: float = 2.0

    def max_tokens(self, window_s: float) -> int:
        """Tokens that a chunk of that window may have."""
        return self.spare_tokens + math.ceil(self.max_tokens_per_s * window_s)


@dataclass(frozen=True)
class EngineSpec:
    """Everything that decides the text of a recording; equal specs give equal texts.

    `models` maps a language to its model; the key `*` serves every language not named.
    `hotwords` are the words hinted to the model, empty without any. `revision` is raised where the
    code changes what is heard, and no other field tells.
    """

    library: str
    models: dict[str, ModelIdentity]
    compute_type: str
    languages: tuple[str, ...]
    speakers: tuple[str, ...]
    hotwords: str = ""
    device: str = "cpu"
    decoding: Decoding = Decoding()
    detection: SpeechDetection = SpeechDetection()
    window: EncoderWindow = EncoderWindow()
    revision: int = 5

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits of the sha256 over every field, in one canonical form."""
        canonical = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]

    @property
    def label(self) -> str:
        """What the column `engine` says: readable, and ending with the fingerprint."""
        models = "+".join(
            (f"{language}:" if language != "*" else "") + f"{model.name}@{model.sha256[:8]}"
            for language, model in sorted(self.models.items())
        )
        languages = ",".join(self.languages)
        hotwords = " hotwords" if self.hotwords else ""
        return (
            f"{self.library} {models} {self.compute_type} "
            f"beam{self.decoding.first_beam}+{self.decoding.second_beam} {languages}"
            f"{hotwords} #{self.fingerprint}"
        )

    def model_for(self, language: str) -> ModelIdentity:
        """The model that transcribes a language."""
        return self.models.get(language) or self.models["*"]

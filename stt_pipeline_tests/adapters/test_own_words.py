"""A word that a call says again and again, heard by the real engine."""

from collections import Counter
from itertools import islice
from pathlib import Path

from stt_pipeline.domain.quality.wer import ErrorCounts
from stt_pipeline.domain.speech.engine import Decoding
from stt_pipeline_tests.adapters.hearing import errors, heard_by, make_transcriber, text_of
from stt_pipeline_tests.benchmarks.build import long_calls


def test_is_read_where_it_was_nearly_read_once_the_call_surely_says_it(
    model_dir: Path, tmp_path: Path
) -> None:
    """The call says "caller" seven times, in two of its chunks, and "color" never."""
    [call] = islice(long_calls("en"), 1, 2)
    said = " ".join(turn.text for turns in call.turns.values() for turn in turns)

    def heard(odds: float) -> tuple[Counter[str], ErrorCounts]:
        engine = make_transcriber(model_dir, decoding=Decoding(own_word_odds=odds))
        text = text_of(heard_by(engine, call.samples, tmp_path))
        return Counter(text.lower().replace(",", " ").replace(".", " ").split()), errors(
            said, text, "en"
        )

    (alone, errors_alone), (words, errors_now) = heard(0.0), heard(Decoding().own_word_odds)
    assert said.lower().count("caller") == 7
    assert alone["color"] >= 3
    assert (words["caller"], words["color"]) == (7, 0)
    assert errors_now.substitutions <= errors_alone.substitutions - 3

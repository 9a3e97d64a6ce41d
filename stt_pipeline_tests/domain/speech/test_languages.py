"""A call's language is decided by seconds of speech; a channel has its own where it is sure."""

from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.speech.languages import LanguageVotes

FRENCH = {"fr": 0.97, "en": 0.03}
ENGLISH = {"fr": 0.02, "en": 0.98}
EITHER = {"fr": 0.55, "en": 0.45}


def votes(*chunks: tuple[int, float, dict[str, float]]) -> LanguageVotes:
    """Votes of chunks given as channel, seconds and probabilities."""
    counted = LanguageVotes()
    for channel, speech_s, likely in chunks:
        counted.add(channel, speech_s, likely)
    return counted


def test_seconds_decide_and_not_the_number_of_chunks() -> None:
    counted = votes((0, 25.0, FRENCH), (0, 2.0, ENGLISH), (0, 2.0, ENGLISH))

    assert counted.of_call(("en", "fr")) == "fr"
    assert 0.8 < counted.share("fr") < 0.9


def test_a_channel_that_is_sure_of_another_language_is_read_in_it() -> None:
    counted = votes((0, 30.0, FRENCH), (1, 10.0, ENGLISH))

    assert counted.of_call(("fr", "en")) == "fr"
    assert counted.of_channel(0, "fr") == "fr"
    assert counted.of_channel(1, "fr") == "en"


def test_a_doubtful_or_short_channel_follows_the_call() -> None:
    counted = votes((0, 30.0, FRENCH), (1, 20.0, {"fr": 0.3, "en": 0.7}))
    short = votes((0, 30.0, FRENCH), (1, 2.0, ENGLISH))

    assert counted.of_channel(1, "fr") == "fr"
    assert short.of_channel(1, "fr") == "fr"


def test_a_language_is_surely_heard_after_seconds_of_it() -> None:
    counted = votes((0, 20.0, FRENCH), (0, 3.0, ENGLISH), (0, 9.0, EITHER))

    assert counted.sure_of(0) == ("fr",)
    counted.add(0, 3.0, ENGLISH)
    assert counted.sure_of(0) == ("en", "fr")
    assert counted.sure_of(1) == ()


def test_before_any_speech_the_first_allowed_language_is_taken() -> None:
    assert votes().of_call(("fr", "en")) == "fr"
    assert votes().share("fr") == 0.0


CHUNKS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.floats(0.1, 30.0),
        st.floats(0.0, 1.0).map(lambda share: {"fr": share, "en": 1 - share}),
    ),
    min_size=1,
)


@given(CHUNKS)
def test_the_order_of_chunks_decides_nothing(
    chunks: list[tuple[int, float, dict[str, float]]],
) -> None:
    counted, reverse = votes(*chunks), votes(*reversed(chunks))

    assert abs(counted.share("fr") + counted.share("en") - 1) < 1e-6
    assert abs(counted.share("fr") - reverse.share("fr")) < 1e-9

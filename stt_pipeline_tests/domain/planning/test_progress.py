"""How far a date's transcription is."""

from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.planning.progress import DateProgress
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline_tests.factories import make_recording

SHARDS = st.lists(
    st.integers(0, 4).map(
        lambda count: [make_recording(duration_s=float(number + 1)) for number in range(count)]
    ),
    max_size=4,
)


@given(SHARDS, st.data())
def test_a_date_is_done_when_every_recording_of_every_shard_ended(
    plan: list[list[Recording]], data: st.DataObject
) -> None:
    progress = DateProgress.of(plan, reused=3)
    to_end = [(at, recording) for at, shard in enumerate(plan) for recording in shard]

    for at, recording in data.draw(st.permutations(to_end)):
        assert not progress.shards[at].is_done
        progress.advance(at, recording.audio_s, cpu_s=1.0, transcribed=recording.audio_s > 2)

    assert all(shard.is_done for shard in progress.shards)
    assert (progress.recordings_done, progress.reused) == (progress.recordings, 3)
    assert progress.audio_done_s == progress.audio_s
    assert progress.cpu_s == progress.recordings
    assert sum(shard.failed for shard in progress.shards) == sum(map(bool, plan))

"""Transcribes one recording and keeps its checkpoint, over ports. Knows no engine, no process."""

from stt_pipeline.domain.errors import AudioUnreadableError, ObjectMissingError
from stt_pipeline.domain.ports import ReadableStore, ResultStore, Transcriber
from stt_pipeline.domain.recording import Recording
from stt_pipeline.domain.transcription import Failure, Outcome, Result

ESTIMATED_DURATION = frozenset({"mp3", "mp3float", "aac", "gsm", "gsm_ms"})
"""Codecs whose files may only let their length be estimated."""

MIN_DECODED_SHARE = 0.9
"""Below this share of the header's seconds, the file was cut off on its way."""


def transcribe_recording(
    recording: Recording,
    store: ReadableStore,
    transcriber: Transcriber,
    results: ResultStore,
) -> Result:
    """Transcribes and checkpoints; whatever one file does wrong becomes its own Failure."""
    result = Result(recording.etag, transcriber.engine, _outcome(recording, store, transcriber))
    results.write(result)
    return result


def _outcome(recording: Recording, store: ReadableStore, transcriber: Transcriber) -> Outcome:
    try:
        with store.open(recording.key) as audio:
            heard = transcriber.transcribe(audio, recording.key)
    except ObjectMissingError:
        return Failure("the recording is no longer in the store", transient=True)
    except AudioUnreadableError as error:
        return Failure(str(error))
    except OSError as error:
        return Failure(f"the recording cannot be read ({error.strerror})", transient=True)
    except MemoryError:
        return Failure("out of memory while transcribing", transient=True)
    promised_s = 0.0 if recording.codec in ESTIMATED_DURATION else recording.duration_s or 0.0
    if heard.duration_s < MIN_DECODED_SHARE * promised_s:
        return Failure(
            f"truncated: the header says {promised_s:.1f} s, "
            f"{heard.duration_s:.1f} s can be decoded"
        )
    return heard

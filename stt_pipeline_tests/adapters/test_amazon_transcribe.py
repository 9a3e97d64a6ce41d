"""Amazon Transcribe: documented answers become our rows; jobs are found again and paid for once.

The service is moto's, which leaves documents and fails as `cloud/transcribe.py` says.
"""

import datetime as dt
import hashlib
import json
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from stt_pipeline.adapters.amazon_transcribe.document import DocumentError, read_document
from stt_pipeline.adapters.amazon_transcribe.jobs import Client, Jobs, make_client
from stt_pipeline.adapters.amazon_transcribe.order import make_order
from stt_pipeline.adapters.amazon_transcribe.transcriber import AmazonTranscriber, Request
from stt_pipeline.adapters.fallback_record import HandedOver, WeeklyBudget
from stt_pipeline.adapters.s3_store import S3Store
from stt_pipeline.domain.errors import AudioUnreadableError
from stt_pipeline.domain.ports import Heard, Source
from stt_pipeline.domain.quality.signals import flags
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline.domain.speech.vocabulary import vocabulary
from stt_pipeline.domain.tables import quality_row, segment_rows, table, transcript_row, word_rows
from stt_pipeline_tests.cloud.faults import Fault, Rule
from stt_pipeline_tests.cloud.faulty_proxy import FaultyProxy
from stt_pipeline_tests.cloud.s3 import client_of
from stt_pipeline_tests.cloud.transcribe import ANSWERS
from stt_pipeline_tests.factories import NOW, make_recording

DOCUMENTS = Path(__file__).with_name("transcribe_documents")
ENGLISH = {"en": "en-US"}
BOTH = {"fr": "fr-FR", "en": "en-US"}
SPEAKERS = ("agent", "customer")
MONDAY = dt.date(2026, 11, 16)
START = frozenset({"StartTranscriptionJob"})
TIMELESS = {"type": "pronunciation", "alternatives": [{"content": "a"}]}


def _document(name: str) -> bytes:
    return (DOCUMENTS / f"{name}.json").read_bytes()


def _changed(name: str, **results: Any) -> bytes:
    document = json.loads(_document(name))
    document["results"] |= results
    return json.dumps(document).encode()


# --- Documents -----------------------------------------------------------------------------------


def test_each_channel_is_a_speaker_with_utterances_and_words() -> None:
    heard = read_document(_document("two_channels"), SPEAKERS, ENGLISH, 10.0, NOW)
    assert [(one.speaker, one.text, one.start_s, one.end_s) for one in heard.segments] == [
        ("agent", "I've been on hold for an hour.", 4.86, 6.87),
        ("customer", "Sorry about that.", 8.5, 9.25),
    ]
    words = [word for segment in heard.segments for word in segment.words]
    assert [word.word for word in words][-3:] == ["Sorry", "about", "that."]
    assert words[8].probability == 0.9176
    assert heard.segments[1].avg_logprob == pytest.approx(math.log(0.9176) / 3, abs=1e-4)
    assert heard.segments[0].avg_logprob == 0.0
    assert [(one.speaker, round(one.speech_s, 2)) for one in heard.channels] == [
        ("agent", 2.01),
        ("customer", 0.75),
    ]
    assert (heard.duration_s, heard.language, heard.cpu_s) == (10.0, "en", 0.0)


def test_one_channel_is_one_unknown_speaker_whose_pauses_end_utterances() -> None:
    heard = read_document(_document("one_channel"), ("unknown",), ENGLISH, 9.3, NOW)
    assert [(one.channel, one.speaker, one.text) for one in heard.segments] == [
        (0, "unknown", "I've been on hold for an hour."),
        (0, "unknown", "Sorry about that."),
    ]


def test_the_language_is_the_one_identified_with_its_score() -> None:
    dialects = {"en": "en-GB", "de": "de-DE"}
    data = _document("language_identified")
    heard = read_document(data, ("unknown",), dialects, 100.0, NOW)
    assert (heard.language, heard.language_probability) == ("en", 0.9883)
    assert [one.text for one in heard.segments] == ["so", "love it."]


def test_its_rows_fit_every_table_and_the_signals_stay_silent_on_a_good_call() -> None:
    heard = read_document(_document("two_channels"), SPEAKERS, ENGLISH, 10.0, NOW)
    recording = make_recording("C1", duration_s=10.0)
    (row,) = table(
        "transcripts", [transcript_row(recording, heard, "amazon-transcribe")]
    ).to_pylist()
    assert row["engine"] == "amazon-transcribe"
    assert (row["word_count"], row["needs_review"]) == (10, False)
    assert (row["agent_talk_s"], row["customer_talk_s"]) == (2.01, 0.75)
    assert flags(heard) == ()
    assert table("segments", segment_rows("C1", heard.segments)).num_rows == 2
    assert table("words", word_rows("C1", heard.segments)).num_rows == 10
    (quality,) = table(
        "transcript_quality", [quality_row("C1", heard, None, "amazon-transcribe")]
    ).to_pylist()
    assert quality["coverage"] == 1.0


def test_nothing_said_is_a_call_without_words_and_without_language() -> None:
    data = _changed("one_channel", items=[], transcripts=[{"transcript": ""}])
    heard = read_document(data, ("unknown",), ENGLISH, 20.0, NOW)
    assert (heard.word_count, heard.language, heard.duration_s) == (0, None, 20.0)
    assert flags(heard) == ()


@pytest.mark.parametrize(
    ("data", "speakers", "dialects", "says"),
    [
        (_document("two_channels")[:3000], SPEAKERS, ENGLISH, "Invalid JSON"),
        (b"", SPEAKERS, ENGLISH, "Invalid JSON"),
        (b'{"status": "COMPLETED"}', SPEAKERS, ENGLISH, "at results"),
        (b'{"status": "FAILED", "results": {}}', SPEAKERS, ENGLISH, "its status is FAILED"),
        (_document("one_channel"), SPEAKERS, ENGLISH, "it has no channels, not 2"),
        (_document("language_identified"), ("unknown",), BOTH, "en-GB, none of fr-FR, en-US"),
        (_changed("one_channel", items=[TIMELESS]), ("unknown",), ENGLISH, "'a' has no time"),
    ],
)
def test_a_document_that_is_cut_off_or_of_something_else_is_refused(
    data: bytes, speakers: tuple[str, ...], dialects: dict[str, str], says: str
) -> None:
    with pytest.raises(DocumentError, match=says):
        read_document(data, speakers, dialects, 10.0, NOW)


# --- Jobs ----------------------------------------------------------------------------------------


class Bed:
    """A lake on S3, an account of the service, and recordings in it."""

    def __init__(self, proxy: FaultyProxy, bucket: str) -> None:
        self.proxy, self.bucket = proxy, bucket
        self.s3 = client_of(proxy.endpoint)
        self.lake = S3Store(bucket, "lake", "STT_LAKE_URI", client=self.s3, lease_life_s=2.0)
        self.waited = list[float]()

    @cached_property
    def client(self) -> Client:
        return make_client(attempts=2)

    def budget(self, usd: float, today: dt.date = MONDAY) -> WeeklyBudget:
        return WeeklyBudget(self.lake, usd, lambda: today)

    def transcriber(
        self, usd: float = 1.0, names: str = "", dialects: dict[str, str] | None = None, **more: Any
    ) -> AmazonTranscriber:
        dialects = dialects or ENGLISH
        tables = {code: vocabulary(names, one) for one, code in dialects.items()} if names else {}
        request = Request(dialects, tables, SPEAKERS)
        pause: Callable[[float], None] = self.waited.append
        budget = more.pop("budget", None) or self.budget(usd)
        jobs = Jobs(self.client, pause)
        return AmazonTranscriber(request, jobs, self.lake, budget, pause=pause, **more)

    def recording(self, name: str, answer: bytes | None = None, **more: Any) -> Recording:
        """A recording by name, with what the service will make of it."""
        made = make_recording(name, key=f"{name}.wav", **more)
        if answer is not None:
            self.s3.put_object(Bucket=ANSWERS, Key=f"{self.bucket}-{name}.wav", Body=answer)
        uri = f"s3://{self.bucket}/calls/{self.bucket}-{name}.wav"
        return replace(made, recording_uri=uri)

    def job(
        self,
        recording: Recording,
        dialects: dict[str, str] = ENGLISH,
        names: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """What the service was asked for it."""
        name = make_order(recording, dialects, names or {}, self.lake.uri("")).name
        found: dict[str, Any] = self.client.get_transcription_job(TranscriptionJobName=name)
        return found["TranscriptionJob"]  # type: ignore[no-any-return]

    def spent(self) -> dict[str, float]:
        data = self.lake.read("_work/fallback/spending/week=2026-W47.json")
        return dict(json.loads(data)["usd_by_job"]) if data else {}


@pytest.fixture
def bed(aws: FaultyProxy, bucket: str) -> Bed:
    return Bed(aws, bucket)


def heard_by(transcriber: AmazonTranscriber, *recordings: Recording) -> list[Heard]:
    """What came of each, in their order."""
    sources = [Source(one.key, _unopened, one) for one in recordings]
    found = dict(transcriber.transcribe_all(sources))
    return [found[index] for index in range(len(recordings))]


def _unopened() -> Any:
    raise AssertionError("the service reads the recording, not this process")


def reason_of(heard: Heard) -> str:
    assert isinstance(heard, AudioUnreadableError)
    return str(heard)


def test_a_recording_is_transcribed_and_its_bytes_are_paid_for_once(bed: Bed) -> None:
    call = bed.recording("A", _document("two_channels"), duration_s=10.0)
    mono = bed.recording("B", _document("one_channel"), duration_s=61.0, channels=1)
    first, second = heard_by(bed.transcriber(), call, mono)
    assert isinstance(first, Transcription)
    assert isinstance(second, Transcription)
    assert [one.speaker for one in first.segments] == ["agent", "customer"]
    assert [one.speaker for one in second.segments] == ["unknown", "unknown"]
    assert sorted(bed.spent().values()) == pytest.approx([0.0015, 0.0061])
    assert bed.job(call)["Settings"] == {"ChannelIdentification": True}
    assert bed.job(call)["LanguageCode"] == "en-US"
    # Another run, another week, no budget: the answer is in the lake.
    (again,) = heard_by(bed.transcriber(0.0), call)
    assert isinstance(again, Transcription)
    assert replace(again, transcribed_at=first.transcribed_at) == first
    assert bed.proxy.count("StartTranscriptionJob") == 2


def test_languages_are_limited_to_those_of_the_settings_and_names_are_hinted(bed: Bed) -> None:
    data = _changed(
        "one_channel",
        language_code="fr-FR",
        language_identification=[{"code": "fr-FR", "score": "0.91"}],
    )
    call = bed.recording("A", data, channels=1)
    transcriber = bed.transcriber(names="Crédit Agricole", dialects=BOTH)
    (heard,) = heard_by(transcriber, call)
    assert isinstance(heard, Transcription)
    assert (heard.language, heard.language_probability) == ("fr", 0.91)
    assert bed.job(call, BOTH, _names("Crédit Agricole", BOTH))["LanguageOptions"] == [
        "en-US",
        "fr-FR",
    ]
    made = bed.client.list_vocabularies(NameContains="stt-pipeline-")["Vocabularies"]
    mine = {one["LanguageCode"]: one["VocabularyName"] for one in made}
    key = f"_work/fallback/vocabularies/{mine['fr-FR']}.txt"
    assert bed.lake.read(key) == vocabulary("Crédit Agricole", "fr").encode()
    # The same list, in another process: neither is made again.
    bed.proxy.forget()
    heard_by(bed.transcriber(names="Crédit Agricole", dialects=BOTH), bed.recording("B", data))
    assert bed.proxy.count("CreateVocabulary") == 0


def test_a_vocabulary_that_cannot_be_made_costs_no_text_and_no_second_job(bed: Bed) -> None:
    full = Rule(Fault.ANSWER, kinds=frozenset({"CreateVocabulary"}), code="LimitExceededException")
    bed.proxy.add(full)
    call = bed.recording("A", _document("two_channels"), duration_s=10.0)
    (heard,) = heard_by(bed.transcriber(names="Kowalski"), call)
    assert isinstance(heard, Transcription)
    bed.proxy.heal()
    bed.lake.delete(make_order(call, ENGLISH, _names("Kowalski"), bed.lake.uri("")).answer)
    heard_by(bed.transcriber(names="Kowalski"), call)
    assert bed.proxy.count("StartTranscriptionJob") == 1


def _names(names: str, dialects: dict[str, str] = ENGLISH) -> dict[str, str]:
    """Names of vocabularies by code, of what they hold."""
    digests = {
        code: hashlib.sha256(vocabulary(names, language).encode()).hexdigest()[:16]
        for language, code in dialects.items()
    }
    return {code: f"stt-pipeline-{code}-{digest}" for code, digest in digests.items()}


def test_a_run_killed_after_it_asked_finds_its_job_and_pays_nothing(bed: Bed) -> None:
    call = bed.recording("A", _document("two_channels"), duration_s=10.0)
    lost = bed.transcriber()
    lost.begin_all([Source(call.key, _unopened, call)])
    spent = bed.spent()
    (heard,) = heard_by(bed.transcriber(usd=0.0), call)
    assert isinstance(heard, Transcription)
    assert bed.spent() == spent
    assert bed.proxy.count("StartTranscriptionJob") == 1


def _ask_and_wait(bucket: str, recording: Recording) -> None:
    """What a run does, in a process of its own, which then sleeps until it looks again."""
    lake = S3Store(bucket, "lake", "STT_LAKE_URI")
    budget = WeeklyBudget(lake, 1.0, lambda: MONDAY)
    request = Request(ENGLISH, {}, SPEAKERS)
    transcriber = AmazonTranscriber(request, Jobs(make_client()), lake, budget, poll_s=600.0)
    list(transcriber.transcribe_all([Source(recording.key, _unopened, recording)]))


def test_a_process_killed_while_it_waits_leaves_its_job_to_the_next(bed: Bed) -> None:
    call = bed.recording("A", _document("two_channels"), duration_s=10.0)
    run = get_context("spawn").Process(target=_ask_and_wait, args=(bed.bucket, call))
    run.start()
    try:
        while not any(one.kind in START and one.status for one in bed.proxy.exchanges):
            assert run.exitcode is None
            run.join(0.05)
    finally:
        run.kill()
        run.join()
    (heard,) = heard_by(bed.transcriber(usd=0.0), call)
    assert isinstance(heard, Transcription)
    assert bed.proxy.count("StartTranscriptionJob") == 1
    assert list(bed.spent().values()) == [0.0015]


def test_a_run_killed_between_payment_and_question_pays_once(bed: Bed) -> None:
    call = bed.recording("A", _document("two_channels"), duration_s=10.0)
    order = make_order(call, ENGLISH, {}, bed.lake.uri(""))
    assert bed.budget(0.0015).take(order.name, order.usd) is None
    (heard,) = heard_by(bed.transcriber(usd=0.0015), call)
    assert isinstance(heard, Transcription)
    assert bed.spent() == {order.name: order.usd}


def test_an_answer_that_is_lost_on_its_way_starts_no_second_job(bed: Bed) -> None:
    bed.proxy.add(Rule(Fault.LOSE_ANSWER, kinds=START, times=1))
    (heard,) = heard_by(bed.transcriber(), bed.recording("A", _document("two_channels")))
    assert isinstance(heard, Transcription)
    assert len(bed.spent()) == 1


def test_a_failed_job_is_a_reason_and_is_not_paid_for_again(bed: Bed) -> None:
    call = bed.recording("A", b"FAILED Unsupported media format.")
    for _ in range(2):
        (heard,) = heard_by(bed.transcriber(), call)
        assert reason_of(heard).startswith("Unsupported media format (job stt-pipeline-")
    assert bed.proxy.count("StartTranscriptionJob") == 1


def test_a_truncated_answer_is_a_reason_with_its_remedy(bed: Bed) -> None:
    call = bed.recording("A", _document("two_channels")[:2000])
    (heard,) = heard_by(bed.transcriber(), call)
    assert "cannot be read (Invalid JSON" in reason_of(heard)
    assert "delete it, and the job stt-pipeline-" in reason_of(heard)


def test_a_budget_that_is_spent_is_a_reason_and_starts_nothing(bed: Bed) -> None:
    calls = [bed.recording(name, _document("two_channels")) for name in "AB"]
    first, second = heard_by(bed.transcriber(usd=0.01), *calls)
    assert isinstance(first, Transcription)
    assert reason_of(second) == (
        "it costs 0.0060 USD, and 0.0060 of the 0.01 a week of STT_FALLBACK_BUDGET_USD are spent "
        "in 2026-W47"
    )
    assert bed.proxy.count("StartTranscriptionJob") == 1
    next_week = bed.budget(0.01, dt.date(2026, 11, 23))
    (again,) = heard_by(bed.transcriber(budget=next_week), calls[1])
    assert isinstance(again, Transcription)


@pytest.mark.parametrize("code", ["LimitExceededException", "ThrottlingException"])
def test_a_crowded_account_is_asked_again(bed: Bed, code: str) -> None:
    bed.proxy.add(Rule(Fault.ANSWER, kinds=START, times=6, code=code))
    calls = [bed.recording(name, _document("two_channels")) for name in "AB"]
    assert all(isinstance(one, Transcription) for one in heard_by(bed.transcriber(), *calls))
    assert bed.waited
    assert len(bed.spent()) == 2


def test_an_account_that_stays_crowded_is_given_up(bed: Bed) -> None:
    bed.proxy.add(Rule(Fault.ANSWER, kinds=START, code="LimitExceededException"))
    (heard,) = heard_by(bed.transcriber(spare_s=0.0), bed.recording("A"))
    assert reason_of(heard) == "it has no room for another job now"


def test_what_is_not_allowed_is_a_reason(bed: Bed) -> None:
    denied = Rule(Fault.ANSWER, kinds=START, code="AccessDeniedException", detail="not yours")
    bed.proxy.add(denied)
    (heard,) = heard_by(bed.transcriber(), bed.recording("A"))
    assert "AccessDeniedException" in reason_of(heard)


def test_a_job_without_end_is_left_to_the_next_run(bed: Bed) -> None:
    call = bed.recording("A", _document("two_channels"), duration_s=0.1)
    (heard,) = heard_by(bed.transcriber(spare_s=-1.0), call)
    assert reason_of(heard).startswith("no answer within")
    assert bed.proxy.count("StartTranscriptionJob") == 1
    assert isinstance(heard_by(bed.transcriber(), call)[0], Transcription)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"key": "call.gsm"}, "takes only files named amr, flac"),
        ({"duration_s": None}, "its price, is not known"),
        ({"duration_s": 5 * 3600.0}, "at most 4 hours"),
        ({"recording_uri": "file:///calls/A.wav"}, "on S3 alone"),
    ],
)
def test_what_it_cannot_take_is_refused_before_anything_is_paid(
    bed: Bed, change: dict[str, Any], says: str
) -> None:
    (heard,) = heard_by(bed.transcriber(), replace(bed.recording("A"), **change))
    assert says in reason_of(heard)
    assert bed.spent() == {}


def test_two_runs_at_once_never_spend_the_same_rest(bed: Bed) -> None:
    budgets = [bed.budget(0.01) for _ in range(5)]
    with ThreadPoolExecutor(5) as pool:
        taken = list(pool.map(lambda one: one[1].take(f"job{one[0]}", 0.003), enumerate(budgets)))
    assert taken.count(None) == 3
    assert len(bed.spent()) == 3


def test_what_is_handed_over_is_remembered_by_date_and_engine(bed: Bed) -> None:
    marks = HandedOver(bed.lake, dt.date(2026, 11, 16), "abc")
    marks.add(["a", "b"])
    marks.add(["c"])
    marks.take_back(["b"])
    assert marks.read() == {"a", "c"}
    assert HandedOver(bed.lake, dt.date(2026, 11, 16), "other").read() == set()

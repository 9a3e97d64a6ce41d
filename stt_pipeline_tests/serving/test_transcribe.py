"""`POST /transcribe`: the words of real calls, in the fields of the tables."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stt_pipeline.domain.quality.normalise import normaliser
from stt_pipeline.domain.quality.wer import count_errors
from stt_pipeline.domain.schemas import TABLES
from stt_pipeline.serving.documents import Segment, Transcript, Word
from stt_pipeline_tests.serving.running import Service

COMMAND = "stt_pipeline.cli.app"


def wrong_share(reference: str, text: str) -> float:
    """Word error rate in English."""
    return count_errors(reference, text, normaliser("en")[1]).wer or 0.0


def test_a_real_call_is_answered_with_its_words(
    service: Service, english_call: Path, english_text: str
) -> None:
    answer = service.send(english_call)

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert wrong_share(english_text, told["text"]) < 0.1
    assert told["language"] == "en"
    assert " ".join(segment["text"] for segment in told["segments"]) == told["text"]
    words = [word["word"] for segment in told["segments"] for word in segment["words"]]
    assert " ".join(words) == told["text"]
    assert service.uploads() == []


def test_the_answer_is_what_the_command_prints(
    service: Service, brief_call: Path, model_dir: Path
) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", COMMAND, "transcribe", str(brief_call), "--format", "json"],
        env={"STT_MODELS_DIR": str(model_dir.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    told, wanted = service.send(brief_call).json(), json.loads(printed.stdout)
    assert set(told) == set(wanted)
    assert (told["text"], told["engine"]) == (wanted["text"], wanted["engine"])
    for mine, theirs in zip(told["segments"], wanted["segments"], strict=True):
        assert set(mine) == set(theirs)
        # The engine's processes compute with other instructions: the last digits may differ.
        assert mine["start_s"] == pytest.approx(theirs["start_s"], abs=0.1)
        assert mine["text"] == theirs["text"]


def test_fields_are_columns_of_the_tables(service: Service, brief_call: Path) -> None:
    for model, table in ((Transcript, "transcripts"), (Segment, "segments"), (Word, "words")):
        columns = set(TABLES[table].schema.names)
        assert set(model.model_fields) - {"segments", "words"} <= columns
    told = service.send(brief_call).json()
    assert set(told) == set(Transcript.model_fields)
    assert set(told["segments"][0]) == set(Segment.model_fields)
    assert set(told["segments"][0]["words"][0]) == set(Word.model_fields)


@pytest.mark.parametrize(
    ("form", "kind", "begins"),
    [
        ("txt", "text/plain", "[00:00:00] "),
        ("srt", "application/x-subrip", "1\n00:00:00,"),
        ("vtt", "text/vtt", "WEBVTT\n\n00:00:00."),
    ],
)
def test_subtitles_are_answered_in_their_own_types(
    service: Service, brief_call: Path, form: str, kind: str, begins: str
) -> None:
    answer = service.send(brief_call, format=form)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].split(";")[0] == kind
    assert answer.text.startswith(begins)
    assert "password" in answer.text


def test_options_are_heeded(service: Service, french_call: Path, dialogue_call: Path) -> None:
    french = service.send(french_call, language="fr", words="false").json()
    assert french["language"] == "fr"
    assert french["language_probability"] == 1
    assert all("words" not in segment for segment in french["segments"])

    turned = "left=customer,right=agent"
    told = [
        service.send(dialogue_call).json(),
        service.send(dialogue_call, channels=turned).json(),
    ]
    speakers = [[one["speaker"] for one in answer["segments"]] for answer in told]
    assert speakers[0][:2] == ["agent", "agent"] or "customer" in speakers[0]
    other = {"agent": "customer", "customer": "agent"}
    assert [other[speaker] for speaker in speakers[0]] == speakers[1]
    assert told[0]["text"] == told[1]["text"]
    assert told[0]["engine"] != told[1]["engine"]


def test_a_recording_of_the_store_is_read_where_it_lies(service: Service, brief_call: Path) -> None:
    place = service.recordings / "call_date=2026-11-16" / "C1.wav"
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(brief_call.read_bytes())

    uri = f"{service.recordings.as_uri()}/call_date=2026-11-16/C1.wav"
    told = service.client.post("/transcribe", data={"uri": uri}).json()
    assert told["text"] == service.send(brief_call).json()["text"]

    (service.folder / "secret.wav").write_bytes(brief_call.read_bytes())
    for other in (
        (service.folder / "secret.wav").as_uri(),
        service.recordings.as_uri() + "/../secret.wav",
        uri + "x",
        uri.rpartition("/")[0],
    ):
        answer = service.client.post("/transcribe", data={"uri": other})
        assert answer.status_code == 422, (other, answer.text)


def test_swagger_opens_without_a_network(service: Service) -> None:
    page = service.client.get("/docs").text
    assert "//" not in page.replace("<!-- ", "").split("<script>")[0].replace("</", "")
    for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert name in page
        assert service.client.get(f"/static-offline-docs/{name}").status_code == 200
    document = service.client.get("/openapi.json").json()
    assert document["paths"]["/transcribe"]["post"]["responses"]["429"]
    assert document["components"]["schemas"]["Transcript"]["example"]["segments"]

"""Labels from end to end, on real speech: drawn, corrected, stored, measured, seen, compared."""

import csv
import datetime as dt
import hashlib
import json
import re
import shutil
import wave
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stt_pipeline.defs.alignments import aligned_call
from stt_pipeline.defs.comparing import compare_engines, contender
from stt_pipeline.defs.label_export import export
from stt_pipeline.defs.label_import import Imported, import_labels
from stt_pipeline.defs.labels import label_state
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.labelling.labelling import Draw
from stt_pipeline.domain.planning.progress import Unwatched
from stt_pipeline.domain.quality.normalise import english
from stt_pipeline.domain.quality.wer import count_errors, pool
from stt_pipeline.domain.speech.engine_choice import read_choice
from stt_pipeline.settings import Settings
from stt_pipeline_tests.flows.conftest import MONDAY, TUESDAY, WEEK, Ended, Make, Site, empty_site
from stt_pipeline_tests.flows.test_command_line import assert_refused, several

TwoSided = Callable[[int], tuple[Any, str, str]]
EXPORT = ("label", "export", "--week", WEEK, "--minutes", "30")


@dataclass(frozen=True)
class Labelled:
    """A site whose calls were drawn and labelled, and how each step ended.

    `two` is a call of two channels, `one` a mono call; `later` was drawn and is not corrected yet.
    """

    site: Site
    folder: Path
    truth: dict[str, str]
    before: Ended
    exported: Ended
    checkpoints: set[str]
    unchanged: Imported
    stored_then: list[Path]
    imported: Ended
    measured: Ended

    @property
    def pipeline(self) -> Pipeline:
        """Of the site's settings, for what a command asks of it."""
        return pipeline_of(self.site)


def pipeline_of(site: Site) -> Pipeline:
    return Pipeline(
        Settings(
            recordings_uri=site.recordings.as_uri(),
            lake_uri=site.lake.as_uri(),
            references_uri=site.references.as_uri(),
            models_dir=site.root / "var" / "models",
        )
    )


@pytest.fixture(scope="module")
def labelled(
    tmp_path_factory: pytest.TempPathFactory, model_dir: Path, short_call: Make, two_sided: TwoSided
) -> Labelled:
    """Calls transcribed, drawn, corrected by somebody who knows what was said, measured."""
    site = empty_site(tmp_path_factory.mktemp("labels"), model_dir)
    one, (samples, agent, customer) = short_call(9), two_sided(2)
    site.put_call(MONDAY, "one", one.samples)
    site.put_call(MONDAY, "two", samples)
    site.put_call(MONDAY, "later", short_call(10).samples)
    before = site.run(MONDAY)
    checkpoints = site.checkpoints()
    folder = site.root / "out"
    exported = site.command(*EXPORT, "--to", str(folder), "--json")
    unchanged = import_labels(pipeline_of(site), folder, sure=(), part=False, replace=False)
    stored_then = list(site.references.glob("*"))
    # The last two words are said by nobody: there is an error to see, whatever the engine hears.
    written = f"{one.text} and goodbye"
    truth = {"one.txt": written, "two.agent.txt": agent, "two.customer.txt": customer}
    for name, text in truth.items():
        assert (folder / "texts" / name).read_text()
        (folder / "texts" / name).write_text(text)
    # The engine may have heard every word of a call rightly.
    imported = site.command("label", "import", str(folder), "--part", "--sure", "two")
    measured = site.run(MONDAY)
    return Labelled(
        *(site, folder, truth, before, exported, checkpoints),
        *(unchanged, stored_then, imported, measured),
    )


def checksums(root: Path, besides: str) -> dict[str, str]:
    """Of every file below the folder, but those with `besides` in their path."""
    return {
        str(path): hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and besides not in str(path)
    }


def test_the_folder_has_the_sound_and_the_words_of_every_call_drawn(labelled: Labelled) -> None:
    assert labelled.exported.code == 0, labelled.exported.err
    draw = json.loads(labelled.exported.out)
    assert [call["call_id"] for call in draw["calls"]] == ["later", "one", "two"]
    assert all(call["stands_for"] == 1.0 for call in draw["calls"])
    with (labelled.folder / "sheet.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        with wave.open(str(labelled.folder / row["audio"])) as sound:
            seconds = sound.getnframes() / sound.getframerate()
            channels = sound.getnchannels()
        assert seconds == pytest.approx(float(row["minutes"]) * 60, abs=0.5)
        assert channels == (2 if row["call_id"] == "two" else 1)
        assert (labelled.folder / "index.html").read_text().count(row["audio"]) == 1


def test_texts_as_they_were_heard_are_refused_and_nothing_is_stored(labelled: Labelled) -> None:
    ended = labelled.unchanged

    assert [sentence.split()[0] for sentence in ended.problems] == ["later", "one", "two"]
    assert all("is as it was heard: correct it, add --sure" in one for one in ended.problems)
    assert (ended.stored, labelled.stored_then) == ((), [])


def test_corrected_texts_are_stored_as_the_contract_says(labelled: Labelled) -> None:
    assert labelled.imported.code == 0, labelled.imported.err
    assert "Reference texts stored: 2 calls, 1 left for later." in labelled.imported.out
    assert f"stt-pipeline run --from {MONDAY} --to {MONDAY}" in labelled.imported.out
    stored = {path.name: path.read_text() for path in labelled.site.references.iterdir()}
    assert stored == {name: f"{text}\n" for name, text in labelled.truth.items()}


def test_the_next_run_measures_them_and_transcribes_nothing(labelled: Labelled) -> None:
    site = labelled.site
    assert labelled.before.rows[0]["wer"] is None
    assert labelled.measured.code == 0, labelled.measured.err
    assert site.checkpoints() == labelled.checkpoints
    [row] = labelled.measured.rows
    by_speaker = {
        (call, who): " ".join(
            segment["text"]
            for segment in site.table("segments", MONDAY)
            if segment["call_id"] == call and who in ("", segment["speaker"])
        )
        for call, who in (("one", ""), ("two", "agent"), ("two", "customer"))
    }
    counts = pool(
        count_errors(labelled.truth[f"{call}{'.' if who else ''}{who}.txt"], said, english)
        for (call, who), said in by_speaker.items()
    )
    assert row["reference_words"] == counts.reference_words > 50
    assert row["wer"] == pytest.approx(counts.wer)
    assert row["wer"] < 0.25


def test_the_week_is_estimated_from_the_labels_with_their_weights(labelled: Labelled) -> None:
    ended = labelled.site.command("label", "status", "--week", WEEK)

    [row] = labelled.measured.rows
    assert ended.code == 0, ended.err
    assert f"each call with its weight: {row['wer']:.1%} (95% interval" in ended.out
    assert "from 2 labelled calls" in ended.out
    state = label_state(labelled.pipeline, WEEK)
    assert state.estimate is not None
    assert state.estimate.wer == pytest.approx(row["wer"])
    assert len(state.labelled) == state.estimate.labelled == 2


def exported_again(labelled: Labelled, folder: Path, week: str = WEEK) -> Draw:
    return export(labelled.pipeline, week, 30.0, 2, folder, lambda done, total: None)


def test_no_call_is_asked_for_twice(labelled: Labelled, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"All 3 calls of {WEEK} with words are labelled, or asked"):
        exported_again(labelled, tmp_path / "again")

    assert not (tmp_path / "again").exists()


def test_a_draw_that_cannot_be_written_is_not_kept(labelled: Labelled, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not empty: name a new folder"):
        exported_again(labelled, labelled.folder)
    with pytest.raises(UserError, match="No call of 2026-W10 with words is published: run its"):
        exported_again(labelled, tmp_path / "new", "2026-W10")

    assert list(tmp_path.iterdir()) == []
    assert len(list((labelled.site.lake / "_work" / "labels").rglob("*.json"))) == 1


def test_a_fault_in_the_texts_is_one_sentence_and_exit_code_2(
    labelled: Labelled, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(labelled.folder, folder)
    (folder / "texts" / "one.txt").write_text("")
    (folder / "texts" / "two.agnet.txt").write_text("good morning")

    ended = labelled.site.command("label", "import", str(folder), "--part")

    assert ended.code == 2
    assert ended.out == ""
    assert len(ended.err.splitlines()) == 2
    assert "the text of the whole in one is empty" in ended.err
    assert "two.agnet.txt: two has two.agent.txt and two.customer.txt: correct" in ended.err
    with pytest.raises(UserError, match=r"has no draw\.json"):
        import_labels(labelled.pipeline, tmp_path, (), part=True, replace=False)


def test_a_reference_text_is_not_overwritten_unless_somebody_says_so(
    labelled: Labelled, tmp_path: Path
) -> None:
    (tmp_path / "one.txt").write_text("what somebody else wrote before\n")
    settings = labelled.pipeline.settings
    elsewhere = Pipeline(settings.model_copy(update={"references_uri": tmp_path.as_uri()}))

    def again(pipeline: Pipeline, replace: bool) -> Imported:
        return import_labels(pipeline, labelled.folder, ["two"], part=True, replace=replace)

    refused = again(elsewhere, replace=False)

    assert refused.problems == (
        "one has another reference text (one.txt): it stays, unless you add --replace.",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["one.txt"]
    same = again(labelled.pipeline, replace=False)
    assert (len(same.stored), len(same.there), same.problems) == (0, 2, ())
    assert len(again(elsewhere, replace=True).stored) == 2
    stored = {path.name: path.read_text().strip() for path in tmp_path.iterdir()}
    assert stored == labelled.truth


# --- Seen ----------------------------------------------------------------------------------------


def test_a_labelled_call_is_shown_word_by_word(labelled: Labelled) -> None:
    as_json, plain = several(
        labelled.site, ("align", "two", "--json"), ("align", "one", "--date", MONDAY, "--errors")
    )

    document = json.loads(as_json.out)
    assert [one["speaker"] for one in document["speakers"]] == ["agent", "customer"]
    for one in document["speakers"]:
        truth = english(labelled.truth[f"two.{one['speaker']}.txt"])
        words = one["words"]
        assert " ".join(pair["reference"] for pair in words if pair["reference"]) == truth
        starts = [pair["start_s"] for pair in words if pair["start_s"] is not None]
        assert starts == sorted(starts)
        assert starts[-1] > 5.0
        errors = sum(one[name] for name in ("substitutions", "deletions", "insertions"))
        assert sum(pair["mark"] != "hit" for pair in words) == errors
    assert plain.code == 0, plain.err
    assert "\x1b" not in plain.out
    assert plain.out.count("REF ") == plain.out.count("HYP ") > 0
    assert re.search(r"REF .*and goodbye\n +HYP .*\*\*\* \*\*\*\*\*\*\*\n +D   D\n$", plain.out)
    assert max(map(len, plain.out.splitlines()[3:])) <= 100


def test_a_call_that_cannot_be_aligned_is_one_sentence(labelled: Labelled) -> None:
    def refused(call_id: str, date: str | None = None) -> str:
        with pytest.raises(UserError) as error:
            aligned_call(labelled.pipeline, call_id, date)
        return str(error.value)

    assert refused("nosuch").startswith("No call of any date's ledger is named 'nosuch'")
    assert refused("later").startswith(f"later of {MONDAY} has no reference text: write later.txt")
    assert refused("two", TUESDAY).startswith(f"No call of the ledger of {TUESDAY} is named 'two'")


def test_the_ui_shows_the_worst_calls_aligned(labelled: Labelled) -> None:
    with dg.DagsterInstance.from_config(labelled.site.env["DAGSTER_HOME"]) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("transcript_quality"))
    assert event is not None
    assert event.asset_materialization is not None
    shown = event.asset_materialization.metadata["worst_calls"]
    assert isinstance(shown, dg.MarkdownMetadataValue)
    text = shown.value or ""
    assert "### " in text
    assert text.count("REF ") == text.count("HYP ") > 0
    assert text.count("```") % 2 == 0


# --- Compared ------------------------------------------------------------------------------------


COMPARE = ("compare", "--from", MONDAY, "--to", TUESDAY, "--engine", "current")


def test_two_engines_are_compared_and_nothing_published_is_touched(labelled: Labelled) -> None:
    site = labelled.site
    before = checksums(site.root / "var", besides="/_work/results/")

    first = site.command(*COMPARE, "--engine", "beam=5,threshold=0.45", "--json")

    assert first.code == 0, first.err
    document = json.loads(first.out)
    assert checksums(site.root / "var", besides="/_work/results/") == before
    assert (document["calls"], document["left_out"]) == (2, {})
    a, b = document["engines"]
    [row] = labelled.measured.rows
    assert a["wer"] == pytest.approx(row["wer"])
    assert "beam5+5" in b["engine"]
    assert b["wer"] < 0.25
    assert a["reference_words"] == b["reference_words"] == row["reference_words"]
    assert a["cpu_s"] > 0 < b["cpu_s"]
    assert b["cost_usd_per_call_hour"] > 0
    assert document["answer"] in ("same", "cannot be told")
    # Only B had anything to read, and nothing that was not labelled.
    results = [path.parent.name for path in site.lake.glob("_work/results/*/*/*.json")]
    assert sorted(Counter(results).values()) == [2, 3]

    again = site.command(*COMPARE, "--engine", "beam=5,threshold=0.45")

    assert again.err.count("nothing new, 2 known") == 2
    assert document["sentence"] in again.out


def test_the_same_engine_twice_is_refused(labelled: Labelled) -> None:
    ended = labelled.site.command(*COMPARE, "--engine", "first_beam=2")

    assert_refused(ended, "Both engines are faster-whisper-", "name two that differ")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("model=huge", "STT_MODEL=huge is no known model"),
        ("compute_type=int4", "--engine compute_type=int4 is not valid: Input should be 'int8'"),
        ("languages=french", "--engine languages=french is not valid: write codes"),
        ("hotwords=file:///gone.txt", "names file:///gone.txt, which is no text file"),
    ],
)
def test_an_engine_that_cannot_be_is_one_sentence(
    labelled: Labelled, asked: str, says: str
) -> None:
    def label_of() -> str:
        choice = read_choice(asked)
        return contender("B", choice, labelled.pipeline.settings).spec.label

    with pytest.raises(UserError, match=re.escape(says)):
        label_of()


def test_dates_without_labelled_calls_cannot_be_compared(labelled: Labelled) -> None:
    settings = labelled.pipeline.settings
    a, b = (contender("A", read_choice(text), settings) for text in ("current", "beam=5"))

    with pytest.raises(UserError, match=f"No call of {TUESDAY} to {TUESDAY} has both"):
        compare_engines(
            labelled.pipeline, a, b, [dt.date.fromisoformat(TUESDAY)], progress=Unwatched()
        )

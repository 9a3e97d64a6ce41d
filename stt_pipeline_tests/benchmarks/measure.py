"""One case measured: contenders in turn, repeats, medians, errors against the texts."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from stt_pipeline import wiring
from stt_pipeline.domain.quality.normalise import normaliser
from stt_pipeline.domain.quality.wer import ErrorCounts, count_errors, pool
from stt_pipeline.settings import Settings
from stt_pipeline_tests.benchmarks.cases import Call, Case, write_calls, write_warm_up
from stt_pipeline_tests.benchmarks.contenders import CONTENDERS, ContenderError, transcribe
from stt_pipeline_tests.benchmarks.job import Answer, Heard, Job, Sample
from stt_pipeline_tests.benchmarks.processes import machine_busy_s
from stt_pipeline_tests.speech.calls import Turn

SLOWEST_X_REALTIME = 0.5
"""A contender slower than this is stopped."""


@dataclass(frozen=True)
class Measured:
    """A contender on a case: medians over `repeats`, the highest of the peaks.

    `peak_rss_mb` is of all its processes together, `largest_rss_mb` of one. Counts of words are of
    the first repeat; `same_text` says whether the others heard the same. `word_start_error_s` is
    the median over turns of how far the first word in a turn is from its first sound.
    `others_cpus` is how many CPUs all other processes of the machine kept busy meanwhile.
    """

    case: str
    contender: str
    calls: int
    audio_min: float
    repeats: int
    cpu_s_per_audio_min: float
    x_realtime: float
    peak_rss_mb: float
    largest_rss_mb: float
    reference_words: int
    wer: float | None
    substitutions: int
    deletions: int
    insertions: int
    same_text: bool
    texts_sha256: str
    word_start_error_s: float | None
    failures: dict[str, str]
    others_cpus: float
    memory: list[Sample]


@dataclass(frozen=True)
class _Run:
    """One repeat of one contender."""

    answer: Answer
    others_cpus: float


def measure(
    case: Case,
    settings: Settings,
    contenders: Sequence[str],
    repeats: int,
    most: int | None,
    say: Callable[[str], None],
) -> tuple[list[Measured], dict[str, str]]:
    """The case's rows, and by contender why it has none or fewer repeats.

    `most` limits the calls; `say` is told what is going on.
    """
    with TemporaryDirectory(prefix="stt-bench-") as folder:
        site = Path(folder)
        say(f"{case.name}: building the calls")
        calls = write_calls(case, site, most)
        write_warm_up(case.language, len(calls[0].turns) == 2, site)
        failed: dict[str, str] = {}
        runs: dict[str, list[_Run]] = {name: [] for name in contenders}
        for repeat in range(repeats):
            for name in contenders:
                say(f"{case.name}: {name}" + (f", repeat {repeat + 1}" if repeat else ""))
                try:
                    runs[name].append(_run(name, case, settings, site, calls))
                except ContenderError as error:
                    failed[name] = str(error)
        rows = [_measured(case, name, calls, done) for name, done in runs.items() if done]
        return rows, failed


def _run(name: str, case: Case, settings: Settings, site: Path, calls: Sequence[Call]) -> _Run:
    contender = CONTENDERS[name]
    folders = wiring.model_folders(settings)
    model = folders.get(case.language) or folders[wiring.ANY_LANGUAGE]
    job = Job(
        engine=contender.engine,
        cpus=contender.cpus,
        language=case.language,
        model_dir=str(model.folder),
        compute_type=settings.compute_type,
        site=str(site),
        calls={call.path.name: tuple(call.turns) for call in calls},
        in_order=case.in_order,
    )
    audio_s = sum(call.duration_s for call in calls)
    busy, started = machine_busy_s(), perf_counter()
    answer = transcribe(job, timeout_s=300 + audio_s / SLOWEST_X_REALTIME)
    wall_s = perf_counter() - started
    return _Run(answer, (machine_busy_s() - busy - answer.total_cpu_s) / wall_s)


def _measured(case: Case, name: str, calls: Sequence[Call], runs: Sequence[_Run]) -> Measured:
    answers = [run.answer for run in runs]
    first = answers[0]
    audio_min = sum(call.duration_s for call in calls) / 60
    counts = pool(_errors(case.language, call, first.heard.get(call.path.name)) for call in calls)
    return Measured(
        case=case.name,
        contender=name,
        calls=len(calls),
        audio_min=audio_min,
        repeats=len(runs),
        cpu_s_per_audio_min=median(one.cpu_s for one in answers) / audio_min,
        x_realtime=60 * audio_min / median(one.wall_s for one in answers),
        peak_rss_mb=max(one.peak_rss_mb for one in answers),
        largest_rss_mb=max(one.largest_rss_mb for one in answers),
        reference_words=counts.reference_words,
        wer=counts.wer,
        substitutions=counts.substitutions,
        deletions=counts.deletions,
        insertions=counts.insertions,
        same_text=all(one.texts_sha256 == first.texts_sha256 for one in answers),
        texts_sha256=first.texts_sha256,
        word_start_error_s=_word_start_error_s(calls, first),
        failures=first.failures,
        others_cpus=max(0.0, median(run.others_cpus for run in runs)),
        memory=first.memory,
    )


def _errors(language: str, call: Call, heard: Heard | None) -> ErrorCounts:
    """A call that failed counts as heard without a word."""
    _, rule = normaliser(language)
    texts = heard.texts if heard else {}
    return pool(count_errors(text, texts.get(who, ""), rule) for who, text in call.texts.items())


def _word_start_error_s(calls: Sequence[Call], answer: Answer) -> float | None:
    errors: list[float] = []
    for call in calls:
        heard = answer.heard.get(call.path.name)
        for who, turns in call.turns.items():
            errors += _onset_errors_s(turns, heard.words[who] if heard else ())
    return median(errors) if errors else None


def _onset_errors_s(turns: Sequence[Turn], words: Iterable[tuple[float, float]]) -> list[float]:
    """For each turn with a word in it: how far the first one's start is from the turn's.

    A word lies in the turn that its middle lies in.
    """
    errors = []
    middles = sorted(((start_s + end_s) / 2, start_s) for start_s, end_s in words)
    place = 0
    for turn in turns:
        while place < len(middles) and middles[place][0] < turn.start_s:
            place += 1
        if place < len(middles) and middles[place][0] <= turn.end_s:
            errors.append(abs(middles[place][1] - turn.start_s))
    return errors

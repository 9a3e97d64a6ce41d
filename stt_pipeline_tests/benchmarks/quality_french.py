"""What French errors are: ways of writing, slips of the references, words that sound alike.

The scripts that the prompts were read from hold slips that no speaker says. What is in SLIPS was
found by reading the scripts, before any transcript was compared with them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import jiwer

from stt_pipeline.domain.quality.normalise import french, other
from stt_pipeline.domain.quality.wer import count_errors
from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline_tests.benchmarks.job import Heard
from stt_pipeline_tests.benchmarks.quality_calls import Call
from stt_pipeline_tests.benchmarks.quality_figures import Row, row_of, texts_of

SLIPS: Final = {
    "abregée": "abrégée",
    "acceuil": "accueil",
    "aurevoir": "au revoir",
    "connection": "connexion",
    "conctact": "contact",
    "conctacte": "contacte",
    "desole": "désolé",
    "desolé": "désolé",
    "desirez": "désirez",
    "demontration": "démonstration",
    "démontration": "démonstration",
    "deboguage": "débogage",
    "déboguage": "débogage",
    "déverouillée": "déverrouillée",
    "dévérouillée": "déverrouillée",
    "dévérouiller": "déverrouiller",
    "enleve": "enlevé",
    "etabli": "établi",
    "ete": "été",
    "etez": "été",
    "étez": "été",
    "felicitation": "félicitations",
    "numero": "numéro",
    "occupes": "occupés",
    "premieres": "premières",
    "presentement": "présentement",
    "présentemnet": "présentement",
    "problemes": "problèmes",
    "rappler": "rappeler",
    "reessayer": "réessayer",
    "répétér": "répéter",
    "simultane": "simultanés",
    "telephone": "téléphone",
    "telephoner": "téléphoner",
    "verouillée": "verrouillée",
    "vérouillée": "verrouillée",
    "vérouiller": "verrouiller",
    "vérrouiller": "verrouiller",
    "a nouveau": "à nouveau",
    "a jour": "à jour",
    "qu a partir": "qu'à partir",
    "envoyez a": "envoyé à",
}
"""As written in the scripts, and as it is spelt."""

_SLIPS: Final = {french(wrong): french(right) for wrong, right in SLIPS.items()}
_SLIP: Final = re.compile(rf"\b(?:{'|'.join(sorted(_SLIPS, key=len, reverse=True))})\b")

_ALIKE: Final = {
    **dict.fromkeys(("à", "as"), "a"),
    **dict.fromkeys(("ces", "c est", "sait", "s est"), "ses"),
    **dict.fromkeys(("est", "ai", "hé"), "et"),
    "où": "ou",
    "se": "ce",
    "sa": "ca",
    "sont": "son",
    "peux": "peu",
    "peut": "peu",
    "cet": "cette",
}
_ENDING: Final = re.compile(r"(?:ées?|és?|er|ez|ai[st]?|aient)$")
_MUTE: Final = re.compile(r"(?:ent|[esxtd])+$")


def corrected(text: str) -> str:
    """A reference under the normaliser, its slips put right."""
    return _SLIP.sub(lambda match: _SLIPS[match[0]], french(text))


def sounds_alike(one: str, another: str) -> bool:
    """True where two words differ in letters that nobody hears: plurals, silent ends, er, ez, é."""
    return _sound(one) == _sound(another)


def _sound(word: str) -> str:
    word = _ALIKE.get(word, word)
    ended = _ENDING.sub("é", word)
    return ended if ended.endswith("é") else _MUTE.sub("", word)


def french_rows(calls: Sequence[Call], heard: Mapping[str, Transcription | Heard]) -> Row:
    """Errors under case and punctuation only, under `fr-2`, with slips put right, and what is left.

    `sound_alike` are substitutions among those left that differ in spelling or agreement only.
    """
    pairs = [
        [(text, texts_of(heard[call.name], call).get(who, "")) for who, text in call.texts.items()]
        for call in calls
    ]
    rows: Row = {}
    for name, rule, reference_rule in (
        ("case and punctuation only", other, other),
        ("fr-2", french, french),
        ("fr-2, slips of the scripts put right", french, corrected),
    ):
        counts = [
            count_errors(reference_rule(text), rule(said), str)
            for texts in pairs
            for text, said in texts
        ]
        rows[name] = row_of(counts)
    alike = [
        pair
        for texts in pairs
        for text, said in texts
        for pair in substitutions(corrected(text), french(said))
        if sounds_alike(*pair)
    ]
    rows["sound alike"] = len(alike)
    return rows


def substitutions(reference: str, hypothesis: str) -> list[tuple[str, str]]:
    """Every word put in place of another, as (said, heard); texts are normalised."""
    if not reference:
        return []
    aligned = jiwer.process_words(reference, hypothesis)
    [truth], [words], [chunks] = aligned.references, aligned.hypotheses, aligned.alignments
    return [
        (truth[chunk.ref_start_idx + place], words[chunk.hyp_start_idx + place])
        for chunk in chunks
        if chunk.type == "substitute"
        for place in range(chunk.ref_end_idx - chunk.ref_start_idx)
    ]

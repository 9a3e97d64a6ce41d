"""Takes labelled texts back: stores them as reference texts, or none. Decides nothing.

Nothing else writes into the store of references.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from stt_pipeline import wiring
from stt_pipeline.adapters import label_folder
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.labelling.label_texts import AskedCall, Checked, check_texts
from stt_pipeline.domain.quality.references import reference_keys


@dataclass(frozen=True)
class Imported:
    """Calls whose reference texts were stored now, were there already, and are still to correct."""

    stored: tuple[AskedCall, ...]
    there: tuple[AskedCall, ...]
    unchanged: tuple[str, ...]
    problems: tuple[str, ...]


def import_labels(
    pipeline: Pipeline, folder: Path, sure: Collection[str], part: bool, replace: bool
) -> Imported:
    """Stores the texts of a folder, all or, where anything is wrong, none.

    With `part`, calls that are as they were heard are left for another time; else they are wrong
    too. Texts that are there and differ are a fault, unless `replace`.
    """
    asked = label_folder.read_asked(folder)
    page = label_folder.read_page(folder)
    if page is not None and page.draw != asked.draw:
        raise UserError(
            f"{folder / label_folder.SAVED} is of the draw {page.draw}, and this folder of "
            f"{asked.draw}: move it into its own."
        )
    checked = check_texts(asked.calls, label_folder.read_texts(folder), page, sure)
    problems = list(checked.problems)
    if not part:
        problems += [
            f"{call_id} is as it was heard: correct it, add --sure {call_id} if every word is "
            "right, or --part to leave it for later."
            for call_id in checked.unchanged
        ]
    store = wiring.references_to_write(pipeline.settings)
    to_write: dict[str, bytes] = {}
    for call_id, texts in checked.texts.items():
        keys = reference_keys(call_id)
        wanted = {keys[who]: text.encode() for who, text in texts.items()}
        present = {key: data for key in keys.values() if (data := store.read(key)) is not None}
        if any(data != wanted.get(key) for key, data in present.items()) and not replace:
            problems.append(
                f"{call_id} has another reference text ({', '.join(present)}): it stays, unless "
                "you add --replace."
            )
        to_write |= {key: data for key, data in wanted.items() if present.get(key) != data}
    if problems:
        return Imported((), (), tuple(checked.unchanged), tuple(problems))
    for key, data in to_write.items():
        store.write(key, data)
    return _imported(asked.calls, checked, to_write)


def _imported(asked: Collection[AskedCall], checked: Checked, written: Collection[str]) -> Imported:
    back = [call for call in asked if call.call_id in checked.texts]
    new = [call for call in back if set(reference_keys(call.call_id).values()) & set(written)]
    there = [call for call in back if call not in new]
    return Imported(tuple(new), tuple(there), tuple(checked.unchanged), ())

"""Which tokens a text may have at all. Scores none."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tokenizers import Tokenizer

from stt_pipeline.domain.speech.alphabets import may_be_written

TOKENIZER: Final = "tokenizer.json"
"""Beside the weights; knows every token but those of times."""


def answers(folder: Path, languages: Sequence[str]) -> list[int]:
    """The tokens of the model in a folder that texts of the languages are written with, rising.

    Those of part of a letter are among them, as any letter may be: what is left out can be spelt.
    """
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokens = sorted(tokenizer.get_vocab().values())
    texts = tokenizer.decode_batch([[token] for token in tokens], skip_special_tokens=False)
    written = zip(tokens, texts, strict=True)
    return [token for token, text in written if may_be_written(text, languages)]

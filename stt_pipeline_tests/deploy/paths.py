"""Where things lie below deploy/."""

from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
DEPLOY: Final = REPOSITORY / "deploy"
TERRAFORM: Final = DEPLOY / "terraform"
MODULES: Final = tuple(sorted(path.parent.name for path in TERRAFORM.glob("modules/*/versions.tf")))
"""By name."""

"""One outside system each, behind a Protocol of `domain.ports`; adapters never import each other."""

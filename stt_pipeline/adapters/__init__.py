"""One outside system each, behind a Protocol of `domain.ports`; none imports another."""

"""Rules of `domain/week`, alone."""

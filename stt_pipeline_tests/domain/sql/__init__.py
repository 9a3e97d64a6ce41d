"""Rules of `domain/sql`, alone."""

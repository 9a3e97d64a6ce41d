"""Rules of `domain/speech`, alone."""

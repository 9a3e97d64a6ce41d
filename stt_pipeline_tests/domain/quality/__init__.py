"""Rules of `domain/quality`, alone."""

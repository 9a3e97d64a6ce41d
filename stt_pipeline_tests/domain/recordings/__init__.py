"""Rules of `domain/recordings`, alone."""

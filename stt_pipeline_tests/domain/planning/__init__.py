"""Rules of `domain/planning`, alone."""

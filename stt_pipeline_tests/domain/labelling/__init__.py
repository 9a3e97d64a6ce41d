"""Rules of `domain/labelling`, alone."""

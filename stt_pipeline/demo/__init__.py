"""Makes the sample calls of `make demo`; nothing of the pipeline depends on it."""

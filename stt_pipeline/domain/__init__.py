"""Pure rules of the pipeline: no Dagster, no cloud, no files, no clock, no environment."""

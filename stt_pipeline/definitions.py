"""The Definitions object that Dagster loads; everything in it is made in `defs/`."""

from stt_pipeline.defs.flow import build_definitions
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.settings import load_settings

defs = build_definitions(Pipeline(load_settings()))
"""recordings > transcripts > transcript_quality > published_tables > weekly_readiness."""

"""The Definitions object that Dagster loads; everything in it is made in `defs/`."""

from stt_pipeline import wiring
from stt_pipeline.defs.flow import build_definitions
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.settings import Settings, load_settings


def _settings() -> Settings:
    """Those of the environment; a paid engine that could read nothing is refused at the start."""
    settings = load_settings()
    wiring.check_fallback(settings)
    return settings


defs = build_definitions(Pipeline(_settings()))
"""recordings > transcripts > transcript_quality > published_tables > weekly_readiness."""

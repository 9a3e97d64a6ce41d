"""Lists what the store of recordings has for a date. Reads no object and no ledger."""

import datetime as dt

from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.domain.recordings import ledger


def list_date(pipeline: Pipeline, call_date: dt.date) -> ledger.Listing:
    """Objects named for the date, and undated ones; folders of other dates are not listed."""
    pattern = pipeline.settings.key_pattern
    store = pipeline.recordings
    found = store.walk("", skip=lambda folder: pattern.is_other_date(folder, call_date))
    return ledger.sort_out(found, pattern, store.uri, call_date)

"""Buckets of S3 as object stores. Knows nothing of what the objects hold."""

from stt_pipeline.adapters.s3_store.lease import LeaseLostError
from stt_pipeline.adapters.s3_store.store import S3Store

__all__ = ["LeaseLostError", "S3Store"]

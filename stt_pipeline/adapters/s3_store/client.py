"""Clients of S3 with the retries and timeouts that the pipeline wants. Asks S3 for nothing.

Region, credentials and endpoint are AWS's own: environment, profile, or the task's role.
"""

from typing import Any

import boto3
from botocore.config import Config

from stt_pipeline.adapters.s3_store.failures import Action, Place, translated

Client = Any
"""A boto3 client, which has no types."""

WORK = Config(
    retries={"mode": "standard", "total_max_attempts": 8},
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=32,
    tcp_keepalive=True,
)
"""Eight attempts, with pauses of up to 20 s: about half a minute of 500, 503 or dropped answers."""

RENEWAL = Config(
    retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=3, read_timeout=5
)
"""Of a lease in time: longer than a third of its life helps nobody, and the next one is near."""


def make_client(place: Place, config: Config) -> Client:
    """A client; raises UserError where the environment's AWS settings cannot work.

    It has a session of its own: boto3's default session may not be shared by threads.
    """
    with translated(place, Action.LIST):
        return boto3.session.Session().client("s3", config=config)

"""Alerts over Amazon SNS. Knows no condition and no link."""

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from stt_pipeline.domain.errors import UserError

SUBJECT_CHARACTERS = 99
"""SNS takes fewer than 100, ASCII, in one line."""

_ATTEMPTS = Config(
    retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=5, read_timeout=10
)


class SnsAlerts:
    """Implements Alerts; every subscriber of the topic is told."""

    def __init__(self, topic_arn: str) -> None:
        """The topic's region is the one that its ARN names; credentials are AWS's own."""
        self._topic = topic_arn
        region = topic_arn.split(":")[3]
        self._client = boto3.session.Session().client("sns", region_name=region, config=_ATTEMPTS)

    def send(self, subject: str, text: str) -> None:
        """See Alerts."""
        line = " ".join(subject.split()).encode("ascii", "replace").decode()
        try:
            self._client.publish(
                TopicArn=self._topic, Subject=line[:SUBJECT_CHARACTERS], Message=text
            )
        except (ClientError, BotoCoreError) as error:
            raise UserError(
                f"STT_ALERT_SNS_TOPIC={self._topic} takes no message ({error}): correct it, or "
                "allow sns:Publish on it."
            ) from error

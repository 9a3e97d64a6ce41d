"""A topic of the stand-in for AWS, with a queue that holds what its subscribers are told."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

import boto3

from stt_pipeline_tests.cloud.s3 import ENVIRONMENT


@dataclass(frozen=True)
class Topic:
    """The topic's ARN; `read` empties the queue behind it."""

    arn: str
    queue: str
    sqs: Any

    def read(self) -> list[tuple[str, str]]:
        """(subject, text) of each message since the last time."""
        found: list[tuple[str, str]] = []
        while True:
            answer = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
            messages = answer.get("Messages", [])
            if not messages:
                return found
            for message in messages:
                body = json.loads(message["Body"])
                found.append((body["Subject"], body["Message"]))
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])


def make_topic(endpoint: str) -> Topic:
    """A topic of its own at that address, as `running_s3` serves."""
    sns, sqs = (_client(name, endpoint) for name in ("sns", "sqs"))
    name = f"alerts-{uuid.uuid4().hex[:8]}"
    arn = sns.create_topic(Name=name)["TopicArn"]
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=attributes["Attributes"]["QueueArn"])
    return Topic(arn, queue, sqs)


def _client(service: str, endpoint: str) -> Any:
    return boto3.session.Session().client(
        service,
        endpoint_url=endpoint,
        region_name=ENVIRONMENT["AWS_REGION"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )

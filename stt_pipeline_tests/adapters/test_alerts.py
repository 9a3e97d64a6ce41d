"""Alerts: through SNS to a queue that holds what a subscriber is told, and once a condition."""

import logging

import pytest

from stt_pipeline.adapters.alert_record import SENT, UNSENT, AlertRecord, Message
from stt_pipeline.adapters.log_alerts import LogAlerts
from stt_pipeline.adapters.sns_alerts import SUBJECT_CHARACTERS, SnsAlerts
from stt_pipeline.domain.errors import UserError
from stt_pipeline_tests.cloud.faulty_proxy import FaultyProxy
from stt_pipeline_tests.cloud.sns import make_topic
from stt_pipeline_tests.fakes import MemoryStore

LATE = Message("2026-W47 late", "Week 2026-W47 is at risk.", "Week 2026-W47 is at risk.\n\nLook.")


def test_a_topic_passes_an_alert_on(aws: FaultyProxy) -> None:
    topic = make_topic(aws.endpoint)
    SnsAlerts(topic.arn).send(
        "La semaine n'est pas prête:\n3 fichiers " + "x" * 99, "été\nhttps://ui"
    )
    [(subject, text)] = topic.read()
    assert subject.startswith("La semaine n'est pas pr?te: 3 fichiers xxx")
    assert len(subject) == SUBJECT_CHARACTERS
    assert text == "été\nhttps://ui"
    assert topic.read() == []


@pytest.mark.usefixtures("aws")
def test_a_topic_that_is_not_there_is_one_sentence_with_a_remedy() -> None:
    missing = "arn:aws:sns:eu-west-3:123456789012:missing"
    with pytest.raises(UserError, match=f"STT_ALERT_SNS_TOPIC={missing} takes no message"):
        SnsAlerts(missing).send("subject", "text")


def test_without_a_topic_alerts_are_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        LogAlerts().send("Week 2026-W47 is at risk.", "Look at it.")
    assert "Week 2026-W47 is at risk.\nLook at it." in caplog.text


def test_a_condition_is_kept_once() -> None:
    record = AlertRecord(MemoryStore())
    assert record.keep(LATE)
    record.sent(LATE)
    assert not record.keep(Message(LATE.condition, "other words", "other words"))
    assert record.keep(Message("2026-W48 late", LATE.subject, LATE.text))


def test_what_was_kept_and_not_sent_is_found_again_until_it_is() -> None:
    lake = MemoryStore()
    AlertRecord(lake).keep(LATE)
    record = AlertRecord(lake)
    assert list(record.unsent()) == [LATE]
    record.sent(LATE)
    assert list(record.unsent()) == []
    assert [key.startswith(SENT) for key in lake.objects] == [True]
    assert UNSENT != SENT

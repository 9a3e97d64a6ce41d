"""Alerts in this process's log, where no topic is set. Sends nothing anywhere."""

import logging

_LOG = logging.getLogger("stt_pipeline.alerts")


class LogAlerts:
    """Implements Alerts."""

    def send(self, subject: str, text: str) -> None:
        """See Alerts."""
        _LOG.warning("%s\n%s", subject, text)

"""The week as it is told at the meeting: readiness, progress, what to look at. Renders nothing."""

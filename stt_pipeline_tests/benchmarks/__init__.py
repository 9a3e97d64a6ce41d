"""Measurements on real telephone speech, printed side by side; nothing here passes or fails."""

"""The command `stt-pipeline`: asks, shows, and ends with exit code 0, 1 or 2. Computes nothing."""

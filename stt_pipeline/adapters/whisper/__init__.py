"""faster-whisper and its voice activity detection: samples in, utterances out. Reads no file."""

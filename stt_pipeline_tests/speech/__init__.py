"""Real telephone speech with its texts, and sounds that are not speech, to test on."""

"""Rules of the service that transcribes on demand. Knows no HTTP, no process, no clock."""

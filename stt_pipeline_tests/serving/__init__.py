"""The service that transcribes on demand: a real server, real weights, real speech."""

"""Rules of the service."""

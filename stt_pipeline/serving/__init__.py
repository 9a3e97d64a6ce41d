"""The service: transcribes single recordings on demand, over HTTP. Only this package knows it."""

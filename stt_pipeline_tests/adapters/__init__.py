"""The adapters ring: each adapter against the real outside system that it wraps."""

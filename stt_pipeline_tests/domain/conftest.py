"""How hypothesis runs in this ring: often enough to find a fault, and the ring within seconds."""

from hypothesis import settings

settings.register_profile("domain", deadline=None, max_examples=30, print_blob=True)
settings.load_profile("domain")

"""How hypothesis runs in this ring: no example is judged by how long it took."""

from hypothesis import settings

settings.register_profile("domain", deadline=None, print_blob=True)
settings.load_profile("domain")

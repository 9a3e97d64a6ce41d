"""The built image does the main job; run by `make image-check` alone, since it needs a builder."""

"""Checks what is below deploy/ without AWS; `make deploy-check` has the tools for all of it."""

"""Turns recorded calls into published, checked, searchable transcript tables."""

__version__ = "0.1.0"

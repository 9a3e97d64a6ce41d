"""Whole runs through the command line and the Dagster instance, with the real model."""

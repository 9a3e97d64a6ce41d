"""Tests of the simulated weeks."""

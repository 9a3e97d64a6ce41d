"""Tests of the sample calls: their plan, their files and how they sound."""

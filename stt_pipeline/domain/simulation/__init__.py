"""Weeks in simulated time, through the rules that the schedules, sensors and planner use."""

"""Answers beside people's: estimates, calibrated and redrawn; scores, comparisons, comparators."""

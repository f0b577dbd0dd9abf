"""Answers beside people's: estimates, calibrated and redrawn; scores, comparisons; no model at all."""

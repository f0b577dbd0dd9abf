"""Figures that more than one study draws, in one style."""

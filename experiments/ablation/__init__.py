"""Ablations: variants of a recipe, their paired differences from the base, a table and a forest plot."""

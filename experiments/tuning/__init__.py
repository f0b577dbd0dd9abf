"""Tuning prompts on training countries with DSPy's optimisers, within a budget."""

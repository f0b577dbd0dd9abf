"""A search over any settings of the recipe, on training countries, judged once on others."""

from value_personas.experiments.search.search import SearchResult, search

__all__ = ["SearchResult", "search"]

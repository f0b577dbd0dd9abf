"""The name of a score as a recipe gives it."""

from typing import Annotated

from pydantic import AfterValidator

from value_personas.experiments.scoring.registry import SCORES

__all__ = ["ScoreName"]


def _known(name: str) -> str:
    if name not in SCORES:
        raise ValueError(f"no such score; there are {', '.join(SCORES)}")
    return name


ScoreName = Annotated[str, AfterValidator(_known)]
"""A key of ``SCORES``."""

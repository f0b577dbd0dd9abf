"""Settings that exclude each other, found before anything is read or asked."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from value_personas.programs.personas import parse_kind

if TYPE_CHECKING:
    from value_personas.experiments.recipe.recipe import Recipe

__all__ = ["impossible_combinations"]


def impossible_combinations(recipe: "Recipe") -> Iterator[str]:
    """What a recipe asks for that cannot be had together, a line each that names both keys."""
    yield from _of_personas(recipe)
    yield from _of_descriptors(recipe)
    yield from _of_scoring(recipe)
    yield from _of_shapley(recipe)


def _of_personas(recipe: "Recipe") -> Iterator[str]:
    individual = [kind for kind in recipe.personas if parse_kind(kind).of_individuals]
    if individual and recipe.profiles.design == "marginal":
        yield (
            "profiles.design = marginal deals answers anew, so that nobody has the facts of "
            f"{individual[0]}; choose another design or leave the kind out of personas"
        )
    if twice := set(recipe.survey.reverse) & set(recipe.survey.accept):
        yield f"survey.reverse and survey.accept both name {min(twice)}; it is one or the other"


def _of_descriptors(recipe: "Recipe") -> Iterator[str]:
    section = recipe.descriptors
    if section.frozen and section.overrides:
        yield "descriptors.frozen is taken as it stands; leave descriptors.overrides out"


def _of_scoring(recipe: "Recipe") -> Iterator[str]:
    scoring = recipe.scoring
    if scoring.gap_reference and scoring.gap_index:
        yield "scoring.gap_reference and scoring.gap_index are two ways of saying one thing; leave one out"
    of_values = any(kind.startswith("values-hedged") for kind in recipe.personas)
    if (scoring.gap_reference or scoring.gap_index) and not (of_values and len(recipe.personas) > 1):
        yield (
            "scoring.gap_… compares values-hedged with another persona kind; name both in personas, "
            f"which has {', '.join(recipe.personas)}"
        )


def _of_shapley(recipe: "Recipe") -> Iterator[str]:
    settings = recipe.shapley
    individual = [kind for kind in (settings.kind, settings.empty) if parse_kind(kind).of_individuals]
    if individual and recipe.profiles.design == "marginal":
        yield (
            "profiles.design = marginal deals answers anew, so that nobody has the facts of "
            f"{individual[0]}; choose another design or another shapley.kind"
        )

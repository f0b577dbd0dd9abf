"""What a recipe would still have to pay for, cell by cell, before anything is asked."""

import json
from dataclasses import dataclass
from typing import Any

from experiments.ablation.variants import factors_of, runs_of, variants_of
from experiments.answer_store import AnswerStore
from experiments.config import Recipe
from experiments.estimate import Estimate
from experiments.models import Models
from experiments.shelf import Shelf
from experiments.sweeping.cells import Cell, sweep_cells
from experiments.sweeping.planning import PlannedCell, plan_cells, seconds_needed, total
from experiments.workspace import Workspace
from programs.engines.threads import run_in_background

__all__ = ["Plan", "plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a recipe would take.

    Attributes:
        recipe: the recipe.
        cells: what each cell adds to those before it.
        seconds: how long the calls take; None where nothing tells.
    """

    recipe: Recipe
    cells: tuple[PlannedCell, ...]
    seconds: float | None

    @property
    def total(self) -> Estimate:
        """Of all cells together."""
        return total(self.cells)

    def to_json(self) -> str:
        """One JSON object."""
        cells: list[dict[str, Any]] = [
            {"cell": one.cell.label, **one.estimate.as_dict()} for one in self.cells
        ]
        said = {"name": self.recipe.name, "cells": cells, "total": self.total.as_dict()}
        return json.dumps(said | {"seconds": self.seconds}, allow_nan=False)


def plan(recipe: Recipe) -> Plan:
    """Go through all that a recipe would run, without asking or writing anything but an empty store.

    Raises:
        ValuePersonasError: when a cell could not be run.
    """
    workspace = Workspace.open(recipe.workspace)
    cells = _cells(recipe)
    with AnswerStore(recipe.store or workspace.answers) as store:
        models = Models(store)
        try:
            planned = plan_cells(cells, models, Shelf(workspace))
            respondent = models.open(recipe.respondent)
            seconds = seconds_needed(total(planned), recipe.respondent, respondent.identity, store)
        finally:
            run_in_background(models.aclose())
    return Plan(recipe, tuple(planned), seconds)


def _cells(recipe: Recipe) -> tuple[Cell, ...]:
    """Those of the sweep or of the ablation that the recipe describes; else the recipe itself."""
    if recipe.sweep:
        return sweep_cells(recipe)
    if recipe.ablation.factors:
        return runs_of(recipe, variants_of(recipe.ablation, factors_of(recipe))).cells
    return (Cell({}, recipe, "as it stands"),)

"""What cells would still have to pay for, and how long that takes; calls that they share count once."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from value_personas.experiments.answer_store.contents import mean_latency
from value_personas.experiments.answer_store.store import AnswerStore
from value_personas.experiments.fieldwork.asking import estimate_asking
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.preparing import prepare
from value_personas.experiments.fieldwork.rehearsal import Estimate, looked_at
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.run.pipeline import judged_by
from value_personas.experiments.sweep.cells import Cell
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs.engines import EngineSettings, nobody
from value_personas.signatures import ValuePersonasError


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """A cell and what it would pay for.

    Attributes:
        cell: the cell.
        estimate: calls that no earlier cell of the plan makes.
    """

    cell: Cell
    estimate: Estimate


def plan_cells(cells: Sequence[Cell], field: Fieldwork) -> list[PlannedCell]:
    """Go through every cell's preparations without asking anybody.

    Raises:
        ValuePersonasError: when a cell could not be run.
    """
    seen: set[bytes] = set()
    return [_planned(cell, field, seen) for cell in cells]


def plan_what_can_be_run(cells: Sequence[Cell], field: Fieldwork) -> list[PlannedCell]:
    """The same of the cells that can be run; why others cannot, each says when its turn comes."""
    seen: set[bytes] = set()
    planned = []
    for cell in cells:
        with suppress(ValuePersonasError):
            planned.append(_planned(cell, field, seen))
    return planned


def _planned(cell: Cell, field: Fieldwork, seen: set[bytes]) -> PlannedCell:
    ready = prepare(field, cell.recipe)
    judged_by(cell.recipe, ready)  # what cannot be had is refused here too
    return PlannedCell(cell, estimate_asking(field, ready.asking, seen))


def total(planned: Sequence[PlannedCell]) -> Estimate:
    """What all cells together would pay for."""
    estimates = [one.estimate for one in planned]
    costs = [e.cost for e in estimates if e.cost is not None]
    in_batches = [e.cost_in_batches for e in estimates if e.cost_in_batches is not None]
    return Estimate(
        calls=sum(e.calls for e in estimates),
        stored=sum(e.stored for e in estimates),
        input_tokens=sum(e.input_tokens for e in estimates),
        output_tokens=sum(e.output_tokens for e in estimates),
        cost=sum(costs) if costs else None,
        assumptions=tuple(dict.fromkeys(a for e in estimates for a in e.assumptions)),
        cost_in_batches=sum(in_batches) if len(in_batches) == len(estimates) and in_batches else None,
        measured=all(e.measured for e in estimates),
    )


def seconds_needed(
    estimate: Estimate, settings: EngineSettings, identity: str, store: AnswerStore
) -> float | None:
    """How long the calls of an estimate take, by the limits per minute and by how long earlier replies took.

    Args:
        estimate: what is to be paid for.
        settings: the respondent's; its limits and its calls in flight.
        identity: the respondent's, to find its earlier replies.
        store: holds them.

    Returns:
        Seconds; None where there is neither a limit nor an earlier reply.
    """
    latency = mean_latency(store, identity)
    tokens = estimate.input_tokens + estimate.output_tokens
    bounds = [
        None if latency is None else estimate.calls * latency / settings.concurrency,
        settings.requests_per_minute and 60.0 * estimate.calls / settings.requests_per_minute,
        settings.tokens_per_minute and 60.0 * tokens / settings.tokens_per_minute,
    ]
    known = [bound for bound in bounds if bound is not None]
    return max(known) if known else None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a recipe would take.

    Attributes:
        name: of the recipe.
        cells: what each cell adds to those before it.
        seconds: how long the calls take; None where nothing tells.
    """

    name: str
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
        said = {"name": self.name, "cells": cells, "total": self.total.as_dict()}
        return json.dumps(said | {"seconds": self.seconds}, allow_nan=False)


def plan(recipe: Recipe, cells: Sequence[Cell]) -> Plan:
    """Go through all that would be run, without asking or writing anything but an empty store.

    Args:
        recipe: says where to keep and whom to ask.
        cells: of its sweep or ablation, or the recipe itself.

    Raises:
        ValuePersonasError: when a cell could not be run.
    """
    with Fieldwork(Workspace.open(recipe.workspace), nobody, recipe.store) as field:
        planned = plan_cells(cells, field)
        identity = looked_at(field, recipe.respondent).identity
        seconds = seconds_needed(total(planned), recipe.respondent, identity, field.store)
    return Plan(recipe.name, tuple(planned), seconds)

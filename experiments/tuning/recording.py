"""A tuning in MLflow: one run, a child for each candidate, and the program in the model registry."""

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from value_personas.experiments.fieldwork.prompt_file import TunedProgram
from value_personas.experiments.fieldwork.serving import MODEL_FOLDER
from value_personas.experiments.fieldwork.synthetic import in_words
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.tracking import (
    TUNED,
    Prompt,
    Record,
    link_prompts,
    model_name,
    record_run,
    register_version,
    tags_of,
    tracking_client,
)
from value_personas.experiments.tuning.judgement import TuningJudgement
from value_personas.experiments.workspace.folders import Workspace

if TYPE_CHECKING:
    from mlflow import MlflowClient

_CHILD_METRICS = ("calls", "cells", "gain", "training", "validation", "best_validation")


class Recorded(Protocol):
    """As much of a tuning's result as is recorded."""

    @property
    def recipe(self) -> Recipe:
        """What was tuned."""
        ...

    @property
    def program(self) -> TunedProgram:
        """The chosen prompts."""
        ...

    @property
    def judgement(self) -> TuningJudgement:
        """Scores with intervals."""
        ...

    @property
    def curve(self) -> pd.DataFrame:
        """One row for each candidate."""
        ...

    @property
    def calls(self) -> int:
        """Calls of the whole tuning."""
        ...

    @property
    def paid(self) -> int:
        """Calls of this session."""
        ...

    @property
    def cost(self) -> float:
        """Money of the whole tuning."""
        ...

    @property
    def seconds(self) -> float:
        """Seconds of this session."""
        ...

    @property
    def stopped(self) -> str | None:
        """Why the optimiser did not come to its own end."""
        ...

    @property
    def synthetic(self) -> tuple[str, ...]:
        """Which parts were synthetic."""
        ...

    @property
    def folder(self) -> Path:
        """Where the files lie."""
        ...


def record_tuning(
    result: Recorded, workspace: Workspace, name: str, begun: str | None = None
) -> tuple[str, str]:
    """Write a finished tuning, as the run that was begun with it, if any.

    Returns:
        The parent run's id, and ``models:/NAME/VERSION`` of the registered program.

    Raises:
        StoreError: when the tracking store cannot be written.
    """
    recipe, synthetic = result.recipe, in_words(result.synthetic)
    tags = {
        "kind": "tuning",
        "synthetic": synthetic,
        "optimizer": recipe.tuning.optimizer,
        "improved": str(result.program.improved).lower(),
        "claims_gain": str(result.judgement.claims_gain).lower(),
        "stopped": result.stopped or "the optimiser came to its end",
    }
    run_id = record_run(workspace, Record(recipe, name, _metrics(result), tags, result.folder), begun)
    with tracking_client(recipe.tracking, workspace) as client:
        run = client.get_run(run_id)
        experiment = run.info.experiment_id
        link_prompts(client, run, _prompts(result.program), TUNED if result.program.improved else None)
        for place, row in enumerate(result.curve.to_dict("records")):
            told = {str(k): v for k, v in row.items()}
            own = {
                "kind": "candidate",
                "synthetic": synthetic,
                "status": str(told["status"]),
                "rejected": str(told["rejected"]),
            }
            child = Record(recipe, f"candidate-{place}-{told['candidate']}", {}, own, result.folder, run_id)
            _record_candidate(client, experiment, child, place, told)
        model_id = recipe.tuning.model_name or model_name(recipe.name, "program")
        served = MODEL_FOLDER if (result.folder / MODEL_FOLDER).is_dir() else ""
        about = "Prompts tuned by value-personas tune."
        model = register_version(client, model_id, run_id, tags, about, served)
    return run_id, model


def _prompts(program: TunedProgram) -> dict[str, Prompt]:
    """By the same names as those of a run."""
    return {
        "respondent" if name == "respondent.answer" else f"descriptor-{program.variant}": Prompt(
            prompt.instructions, tuple(prompt.demos)
        )
        for name, prompt in program.predictors.items()
    }


def _record_candidate(
    client: "MlflowClient", experiment: str, child: Record, place: int, row: dict[str, object]
) -> None:
    from mlflow.entities import Metric, Param

    run = client.create_run(experiment, run_name=child.name, tags=tags_of(child))
    now = int(time.time() * 1000)
    values = {name: float(str(row[name])) for name in _CHILD_METRICS}
    metrics = [Metric(name, value, now, place) for name, value in values.items() if math.isfinite(value)]
    params = [Param(name, str(row[name])) for name in ("candidate", "instruction", "demonstrations")]
    client.log_batch(run.info.run_id, metrics=metrics, params=params)
    client.set_terminated(run.info.run_id)


def _metrics(result: Recorded) -> dict[str, float]:
    metrics = {
        f"{row['part']}.{name}": float(row[name])
        for row in result.judgement.summary.to_dict("records")
        for name in row
        if name != "part"
    }
    return metrics | {
        "overfit_gap": result.judgement.overfit_gap,
        "calls": float(result.calls),
        "paid": float(result.paid),
        "cost": result.cost,
        "seconds": result.seconds,
    }

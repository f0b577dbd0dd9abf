"""Predictions made elsewhere, judged like a run."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from value_personas.experiments.progress.shown import Progress
from value_personas.experiments.recipe.loading import load_recipe
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.run.pipeline import run
from value_personas.experiments.run.result import RunResult

Paths = str | Path | Sequence[str | Path]


def score(
    predictions: Paths,
    survey: Paths,
    *,
    codebook: str | Path | None = None,
    settings: Iterable[str] = (),
    progress: Progress = True,
) -> RunResult:
    """Judge predictions made elsewhere: the table, floor, intervals, pairs and files of a run.

    Args:
        predictions: one table or several; ``data.read_predictions`` says what they hold.
        survey: a survey file, several, or a table of published shares.
        codebook: of the survey; recognised when absent.
        settings: further settings of a recipe, ``dotted.key=value``.
        progress: True shows it, in the notebook's cell or on stderr; False does not; a reporter is told.

    Returns:
        As ``run``. ``report``, ``calibrate`` and ``rerun`` take it like any other run.

    Raises:
        ValuePersonasError: for anything the user can put right.
    """
    return run(scoring_recipe(predictions, survey, codebook, settings), progress)


def scoring_recipe(
    predictions: Paths, survey: Paths, codebook: str | Path | None = None, settings: Iterable[str] = ()
) -> Recipe:
    """The recipe that judges; arguments as of ``score``."""
    return load_recipe("wvs", [*scoring_settings(predictions, survey, codebook), *settings])


def scoring_settings(
    predictions: Paths, survey: Paths, codebook: str | Path | None = None
) -> tuple[str, ...]:
    """What makes the recipe ``wvs`` judge predictions, as ``--set`` takes it; arguments as of ``score``."""
    tables = [str(path) for path in _listed(predictions)]
    files = [str(path) for path in _listed(survey)]
    told = [
        f"name={json.dumps(Path(tables[0]).stem[:60].lstrip('. ') or 'predictions')}",
        f"predictions={json.dumps(tables)}",
        f"survey.path={json.dumps(files if len(files) > 1 else files[0])}",
    ]
    told += [] if codebook is None else [f"survey.codebook={json.dumps(str(codebook))}"]
    return tuple(told)


def _listed(paths: Paths) -> list[str | Path]:
    return [paths] if isinstance(paths, str | Path) else list(paths)

"""Tuned prompts in a run: found by path or in MLflow's registry, and given to what asks."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from value_personas.experiments.fieldwork.prompt_file import TunedProgram, read_program
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.tracking import quiet_mlflow
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs import DescriptorWriter, Respondent
from value_personas.signatures import RecipeError

__all__ = ["find_program", "in_sample_notes", "tuned_on_notes", "tuned_respondent", "tuned_writer"]

_REGISTRY = "models:/"


def find_program(recipe: Recipe) -> TunedProgram | None:
    """The tuned program that a recipe names, if it names one.

    Raises:
        RecipeError: when it is not there, or is no program of this version.
    """
    if recipe.program is None:
        return None
    if recipe.program.startswith(_REGISTRY):
        return read_program(_registered(recipe, recipe.program))
    return read_program(Path(recipe.program).expanduser())


def tuned_writer(recipe: Recipe, writer: DescriptorWriter) -> DescriptorWriter:
    """Give a writer the tuned prompt, where the recipe names one for its variant."""
    program = find_program(recipe)
    if program is not None and program.variant == writer.variant and "writer.write" in program.predictors:
        program.predictors["writer.write"].apply(writer.write, "writer.write")
    return writer


def tuned_respondent(recipe: Recipe, respondent: Respondent) -> Respondent:
    """Give a respondent the tuned prompt, where the recipe names one that tunes it."""
    program = find_program(recipe)
    if program is not None and "respondent.answer" in program.predictors:
        program.predictors["respondent.answer"].apply(respondent.answer, "respondent.answer")
    return respondent


def in_sample_notes(recipe: Recipe, cells: pd.DataFrame) -> Iterator[str]:
    """How many cells of each method its tuned prompts have seen: no score of those is held-out.

    Args:
        recipe: names the program.
        cells: one row for each method × country × question, with the column ``fitted``.
    """
    for method, rows in cells.groupby("method", sort=False):
        seen = int((rows["fitted"] != "no").sum())
        apart = "its held-out means stand apart" if seen < len(rows) else "none of it is held-out"
        if seen:
            yield (
                f"{method}: in-sample on {seen} of {len(rows)} cells, whose country or question its prompts "
                f"({recipe.program}) were tuned on; {apart}"
            )


def tuned_on_notes(recipe: Recipe) -> Iterator[str]:
    """On which countries and questions the prompts were tuned: no figure of those is held-out."""
    program = find_program(recipe)
    if program is None:
        return
    seen = (*program.fitted_on.training, *program.fitted_on.validation)
    countries, questions = (", ".join(sorted({cell[i] for cell in seen})) for i in (0, 1))
    told = f"prompts of {recipe.program} were tuned on {countries} × {questions}"
    yield f"{told}: figures of those are in-sample"


def _registered(recipe: Recipe, name: str) -> Path:
    """Fetch a version's program.json out of the registry."""
    from mlflow import MlflowClient
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    model, slash, version = name.removeprefix(_REGISTRY).rpartition("/")
    if not slash or not version.isdigit():
        raise RecipeError(
            f"program: {name}: expected models:/NAME/VERSION, for example models:/tune-program/1"
        )
    workspace = Workspace.open(recipe.workspace)
    uri = recipe.tracking.uri or workspace.tracking_uri
    with quiet_mlflow():
        try:
            found = MlflowClient(tracking_uri=uri, registry_uri=uri).get_model_version(model, version)
            return Path(download_artifacts(f"{found.source}/program.json", tracking_uri=uri))
        except (MlflowException, SQLAlchemyError, OSError) as error:
            raise RecipeError(
                f"program: {name} is not in the registry {uri}: {str(error).splitlines()[0]}"
            ) from None

"""Tuned prompts in a run: found by path or in MLflow's registry, and given to what asks."""

from collections.abc import Iterator
from pathlib import Path

from value_personas.experiments.fieldwork.prompt_file import TunedProgram, read_program
from value_personas.experiments.recipe.calibration import REGISTRY
from value_personas.experiments.recipe.recipe import TrackingSection
from value_personas.experiments.tracking import registered_file
from value_personas.experiments.workspace.folders import PROGRAM_FILE, Workspace
from value_personas.programs import DescriptorWriter, Respondent


def find_program(name: str | None, section: TrackingSection, workspace: Workspace) -> TunedProgram | None:
    """The tuned program that a recipe names, if it names one.

    Args:
        name: a file, or a version of MLflow's registry.
        section: says where that is.
        workspace: has one of its own.

    Raises:
        RecipeError: when it is not there, or is no program of this version.
    """
    if name is None:
        return None
    if name.startswith(REGISTRY):
        return read_program(registered_file(section, workspace, "program", name, PROGRAM_FILE))
    return read_program(Path(name).expanduser())


def tuned_writer(program: TunedProgram | None, writer: DescriptorWriter) -> DescriptorWriter:
    """Give a writer the tuned prompt, where there is one for its variant."""
    if program is not None and program.variant == writer.variant and "writer.write" in program.predictors:
        program.predictors["writer.write"].apply(writer.write, "writer.write")
    return writer


def tuned_respondent(program: TunedProgram | None, respondent: Respondent) -> Respondent:
    """Give a respondent the tuned prompt, where there is one."""
    if program is not None and "respondent.answer" in program.predictors:
        program.predictors["respondent.answer"].apply(respondent.answer, "respondent.answer")
    return respondent


def tuned_on_notes(program: TunedProgram | None, name: str | None) -> Iterator[str]:
    """On which cells the prompts of that name were tuned: no figure of those is held-out."""
    if program is None:
        return
    seen = (*program.fitted_on.training, *program.fitted_on.validation)
    countries, questions = (", ".join(sorted({cell[i] for cell in seen})) for i in (0, 1))
    told = f"prompts of {name} were tuned on {countries} × {questions}"
    yield f"{told}: figures of those are in-sample"

"""The reading stage: a survey file, or the embedded population written as one."""

import hashlib
from importlib.resources import files

from value_personas import data
from value_personas.data.synthetic import CODEBOOK, Causes, write_synthetic_survey
from value_personas.experiments.recipe.survey import QuestionSection, SurveySection
from value_personas.experiments.workspace.folders import Workspace, whole
from value_personas.signatures import SurveyError


def open_survey(
    section: SurveySection,
    questions: QuestionSection,
    seed: int,
    workspace: Workspace,
    instrument: str | None = None,
) -> data.Survey:
    """Read a recipe's survey; the embedded population is first written as a file like any other.

    Args:
        section: which file, and how it is read.
        questions: which are predicted.
        seed: of the embedded population.
        workspace: where its file is kept.
        instrument: the TOML file of an instrument of the user's own.

    Raises:
        SurveyError: when the file, a country or a question is not usable, no target question is there, the
            answers of one have no order, or nothing tells which way round one is stored in a file that
            somebody recoded.
    """
    path: str | tuple[str, ...] = section.path
    codebook = section.codebook
    if section.is_synthetic:
        file = workspace.synthetic_survey(_world(section.causes), seed, section.respondents)
        if not file.is_file():
            size = section.respondents
            with whole(file) as partial:
                write_synthetic_survey(
                    partial, seed=seed, respondents_per_country=size, causes=section.causes
                )
        path, codebook = str(file), codebook or CODEBOOK
    survey = data.read_survey(
        path,
        codebook=codebook,
        countries=section.countries,
        weight=section.weight,
        reverse=section.reverse,
        accept=section.accept,
        questions=questions.include,
        cache=workspace.columns,
        instrument=instrument,
        country_is=section.country_is,
        encoding=section.encoding,
        waves=section.waves,
    )
    if questions.unasked:
        survey = data.with_unasked(survey, questions.unasked, section.codebook)
    if not survey.questions:
        raise SurveyError(
            f"{path}: the file has none of the target questions of {survey.codebook_name}; to predict some "
            "that nobody there was asked, name them in questions.unasked"
        )
    if survey.unordered:
        raise SurveyError(
            f"{path}: the answers of {', '.join(survey.unordered)} stand in no order (topic nominal), and "
            "every score is of ordered ones; name the others in questions.include, or give these another "
            "topic in the codebook, and their options in order"
        )
    if survey.unverified:
        codes = sorted(survey.unverified)
        raise SurveyError(
            f"{path}: nothing tells which way round {', '.join(codes)} are stored, and somebody recoded the "
            "file; compare their shares with a published table, then name each in survey.reverse or "
            "survey.accept, or leave it out by questions.include"
        )
    return survey


def _world(causes: Causes) -> str:
    """A digest of the embedded population's laws, so that a file written under other ones is not taken."""
    laws = files("value_personas.data.synthetic").joinpath("world.toml").read_bytes()
    laws += causes.model_dump_json().encode()
    return hashlib.sha256(laws).hexdigest()[:8]

"""Questions that nobody of a survey was asked, and that are to be predicted."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from value_personas.data.codebooks.codebook import load_codebook
from value_personas.data.codebooks.missing import code_of_kind
from value_personas.data.survey.survey import Survey
from value_personas.signatures import SurveyError


def with_unasked(survey: Survey, codes: Sequence[str], codebook: str | None = None) -> Survey:
    """Add target questions that the file does not hold; nobody has an answer to them.

    Args:
        survey: what was read.
        codes: of the codebook's target questions.
        codebook: by which it was read, where that is a file; the shipped one of the survey's name when
            absent.

    Raises:
        SurveyError: when the codebook knows no such question, or the survey holds answers to it.
    """
    known = load_codebook(codebook or survey.codebook_name).questions
    held = {question.code for question in survey.questions}
    for code in codes:
        if code not in known:
            raise SurveyError(
                f"questions.unasked: {code} is no target question of {survey.codebook_name}; it has "
                f"{', '.join(list(known)[:12])} …"
            )
        if code in held:
            raise SurveyError(
                f"questions.unasked: {code} is answered in {survey.sources[0].path}; leave it out there"
            )
    asked = tuple(known[code].question for code in dict.fromkeys(codes))
    nobody = np.full(len(survey.weights), code_of_kind("not_asked"), dtype=np.int8)
    return replace(
        survey,
        questions=(*survey.questions, *asked),
        coded={**survey.coded, **{question.code: nobody for question in asked}},
    )

"""A population program under an optimiser's hands."""

import dspy

from experiments.tuning.program_table import ProgramTable
from experiments.tuning.stopping import stop_for_good
from programs.descriptor_writer import DescriptorWriter
from programs.population_program import PopulationProgram
from programs.respondent import Respondent
from programs.surroundings import Surroundings

__all__ = ["TaughtProgram", "WatchedProgram"]


class WatchedProgram(PopulationProgram):
    """The program that is tuned: it enters every candidate in a table, and lets no stop be swallowed.

    Args:
        writer: as of ``PopulationProgram``.
        respondent: likewise.
        surroundings: likewise.
        table: keeps the candidates.
        tunes_respondent: whether the respondent's prompt may be changed too.
    """

    def __init__(
        self,
        writer: DescriptorWriter,
        respondent: Respondent,
        surroundings: Surroundings,
        table: ProgramTable,
        tunes_respondent: bool = False,
    ) -> None:
        super().__init__(writer, respondent, surroundings, tunes_respondent)
        self.table = table

    def forward(self, country: str, question: str) -> dspy.Prediction:
        """Predict one cell.

        Raises:
            TuningStopped: for every error that would meet the next candidate too.
        """
        self.table.enter(self)
        with stop_for_good():
            return super().forward(country, question)


class TaughtProgram(WatchedProgram):
    """The same program with descriptors that another prompt wrote: a teacher for DSPy's bootstrapping.

    Its own predictors must stand as the student's do, so the teacher's writer is kept beside them, frozen.

    Args:
        student: the program that is to learn.
        teacher: writes the descriptors.
        table: not the student's, since a teacher is no candidate.
    """

    def __init__(self, student: WatchedProgram, teacher: DescriptorWriter, table: ProgramTable) -> None:
        tunes_respondent = not student.respondent._compiled
        super().__init__(student.writer, student.respondent, student.surroundings, table, tunes_respondent)
        teacher._compiled = True  # DSPy then takes none of its predictors for this program's
        self.teacher = teacher

    @property
    def scribe(self) -> DescriptorWriter:
        """The teacher."""
        return self.teacher

    @property
    def candidate(self) -> str:
        """Told apart from any candidate."""
        return f"taught-{super().candidate}"

"""A population program under an optimiser's hands."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dspy

from value_personas.programs import DescriptorWriter, PopulationProgram, Respondent, Surroundings
from value_personas.signatures import ValuePersonasError


class ProgramTable:
    """Candidate → a copy of its program, in the order in which they were first evaluated."""

    def __init__(self) -> None:
        self._programs: dict[str, PopulationProgram] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> "ProgramTable":
        """The same table: copies of a program enter themselves in one."""
        return self

    def __reduce__(self) -> tuple[type["ProgramTable"], tuple[()]]:
        """An empty one: a program that is used elsewhere is no candidate."""
        return ProgramTable, ()

    def enter(self, program: PopulationProgram) -> None:
        """Keep a copy as the program stands now; a candidate that is there stays as it is."""
        if program.candidate not in self._programs:
            copy = program.deepcopy()
            vars(copy).pop("forward", None)  # GEPA puts one of its own over it while it traces
            for _, predictor in copy.named_predictors():
                predictor.lm = None  # an optimiser's rollout belongs to its evaluation, not to the candidate
            self._programs[program.candidate] = copy

    def get(self, candidate: str) -> PopulationProgram | None:
        """The program of a candidate, if it was evaluated."""
        return self._programs.get(candidate)

    def __len__(self) -> int:
        """How many candidates there are."""
        return len(self._programs)


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

    async def aforward(self, country: str, question: str) -> dspy.Prediction:
        """The same, to be awaited."""
        self.table.enter(self)
        with stop_for_good():
            return await super().aforward(country, question)


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


class TuningStopped(BaseException):
    """The optimiser must stop: the budget is used up, or nothing can be asked any more.

    No subclass of ``Exception``: DSPy's evaluators take every exception for one failed example, score it 0
    and go on asking.

    Attributes:
        reason: what stopped it.
    """

    def __init__(self, reason: ValuePersonasError) -> None:
        super().__init__(str(reason))
        self.reason = reason


@contextmanager
def stop_for_good() -> Iterator[None]:
    """Turn an error that would meet the next candidate too into a stop."""
    try:
        yield
    except ValuePersonasError as error:
        raise TuningStopped(error) from error

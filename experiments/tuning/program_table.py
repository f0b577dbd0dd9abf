"""Every program that was evaluated, by its prompts: an optimiser returns only the best by its own light."""

from typing import Any

from programs.population_program import PopulationProgram

__all__ = ["ProgramTable"]


class ProgramTable:
    """Candidate → a copy of its program, in the order in which they were first evaluated."""

    def __init__(self) -> None:
        self._programs: dict[str, PopulationProgram] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> "ProgramTable":
        """The same table: copies of a program enter themselves in one."""
        return self

    def enter(self, program: PopulationProgram) -> None:
        """Keep a copy as the program stands now; a candidate that is there stays as it is."""
        if program.candidate not in self._programs:
            copy = program.deepcopy()
            copy.__dict__.pop("forward", None)  # GEPA puts one of its own over it while it traces
            for _, predictor in copy.named_predictors():
                predictor.lm = None  # an optimiser's rollout belongs to its evaluation, not to the candidate
            self._programs[program.candidate] = copy

    def get(self, candidate: str) -> PopulationProgram | None:
        """The program of a candidate, if it was evaluated."""
        return self._programs.get(candidate)

    def __len__(self) -> int:
        """How many candidates there are."""
        return len(self._programs)

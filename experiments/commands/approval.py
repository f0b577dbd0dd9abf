"""Whether a run may spend what it is estimated to spend."""

import sys
from collections.abc import Callable

from value_personas.experiments.fieldwork.rehearsal import Estimate
from value_personas.experiments.progress.terminal import ConsoleReporter
from value_personas.experiments.recipe.recipe import RespondentSection
from value_personas.programs.engines import EngineSettings, engine_kind
from value_personas.signatures import BudgetError

_TOLERANCE = 1.1
"""By how much an estimate may grow after its approval, before it is asked for anew."""


def is_free(*models: EngineSettings) -> bool:
    """Whether nothing that models are asked costs money or time worth asking for: invented answers alone."""
    return all(engine_kind(model.lm).is_synthetic for model in models)


def approval_of(
    respondent: RespondentSection, writer: EngineSettings, yes: bool, terminal: ConsoleReporter
) -> "Approval | None":
    """What asks before a run spends; None where it spends nothing.

    The embedded model costs nothing, and what it will be asked is known sooner by asking it.
    """
    return None if is_free(respondent, writer) else Approval(respondent, yes, terminal.ask, terminal.note)


class Approval:
    """Asks once before a run spends more than its recipe's limits; call it with an estimate.

    Args:
        limits: of the respondent.
        yes: go ahead without asking.
        ask: puts a question to the person at the terminal.
        tell: shows a line.

    Raises:
        BudgetError: when the answer is no, or nobody is there to be asked.
    """

    def __init__(
        self, limits: RespondentSection, yes: bool, ask: Callable[[str], bool], tell: Callable[[str], None]
    ) -> None:
        self._limits = limits
        self._yes = yes
        self._ask = ask
        self._tell = tell
        self._approved: Estimate | None = None

    def __call__(self, estimate: Estimate) -> None:
        """Show an estimate; ask where it is above a limit."""
        if self._approved and not self._has_grown(estimate, self._approved):
            return
        self._tell(f"estimate: {estimate}")
        limit = self._passed(estimate)
        if limit and not self._yes:
            if not sys.stdin.isatty():
                raise BudgetError(
                    f"the run is estimated to take {estimate}; that is above {limit}, and nobody is at the "
                    "terminal to be asked: say --yes to go ahead"
                )
            if not self._ask(f"That is above {limit}. Go ahead?"):
                raise BudgetError("stopped before the first call, as you said; nothing was paid for")
        self._approved = estimate

    def _passed(self, estimate: Estimate) -> str | None:
        """The limit that the estimate is above, in words."""
        limits = self._limits
        if estimate.cost is not None and estimate.cost > limits.confirm_above_cost:
            return f"respondent.confirm_above_cost = {limits.confirm_above_cost:g}"
        if limits.confirm_above_calls is not None and estimate.calls > limits.confirm_above_calls:
            return f"respondent.confirm_above_calls = {limits.confirm_above_calls}"
        return None

    @staticmethod
    def _has_grown(now: Estimate, then: Estimate) -> bool:
        return now.calls > _TOLERANCE * then.calls or (now.cost or 0.0) > _TOLERANCE * (then.cost or 0.0)

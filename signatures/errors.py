"""The tree of errors a user may meet.

Each message is one line that names the place (file, column, code), what was expected and what to do.
The command line prints it and exits with 2; nothing else is caught there.
"""


class ValuePersonasError(Exception):
    """Something the user can put right; the message says how."""


class SurveyError(ValuePersonasError):
    """A survey file, codebook, instrument, weight or question that cannot be used as it stands."""


class RecipeError(ValuePersonasError):
    """A recipe with an unknown key, a wrong type or an impossible combination."""


class EngineError(ValuePersonasError):
    """An engine that cannot answer at all: unreachable, unknown model, a needed capability missing."""


class AuthenticationError(EngineError):
    """The engine refused the credentials. The message never carries them."""


class BudgetError(EngineError):
    """The next call would exceed a stated limit of calls, tokens or money."""


class StoreError(ValuePersonasError):
    """An answer store that is foreign, newer than this version, read-only, full or gone."""


class StatisticsError(ValuePersonasError):
    """A distribution, scale or setting that no calibration, score, interval or share is defined for."""


class LeakError(ValuePersonasError):
    """Held-out answers, or an item that a persona already carries, would reach a fit or a prompt."""

"""Names that a person can read, and that MLflow takes."""

import re
from datetime import UTC, datetime

_FORBIDDEN = re.compile(r"[^\w./: -]")


def metric_name(*parts: str) -> str:
    """Parts joined by dots: ``values-hedged + calibrated``, ``rps`` → ``values-hedged-calibrated.rps``.

    MLflow takes letters, digits and ``_ - . / :`` alone; a plus within a persona kind becomes ``-and-``.
    """
    name = ".".join(parts).replace(" + ", "-").replace("+", "-and-").replace(" (", "-").replace(")", "")
    return _FORBIDDEN.sub("-", name)


def run_title(*parts: str) -> str:
    """What tells a run from its neighbours in a list, and when it was recorded (UTC).

    Example:
        >>> run_title("quickstart", "synthetic/respondent", "8 countries × 24 questions")
        'quickstart · synthetic/respondent · 8 countries × 24 questions · 2026-11-26 20:36'
    """
    return " · ".join([*parts, f"{datetime.now(UTC):%Y-%m-%d %H:%M}"])

"""The whole list put to one endpoint: what it does, what was adapted, what cannot work."""

import asyncio
import re
from dataclasses import dataclass

from dspy.lm15 import LM15Error

from value_personas.programs.engines.conformance import CHECKS, Check
from value_personas.programs.engines.faults import AdaptedError, one_line
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.serving_quirks import QUIRKS
from value_personas.programs.probing import ProbeReport

_LONGEST_CHECK_S = 600.0


@dataclass(frozen=True, slots=True)
class SuiteReport:
    """What an endpoint did.

    Attributes:
        kept: what it does of what every engine must.
        broken: what it does not, with what happened.
        adapted: what was learnt from its refusals, here and before.
        quirks: the rows of ``QUIRKS`` that it shows, as far as they can be told from outside.
    """

    kept: tuple[str, ...]
    broken: dict[str, str]
    adapted: tuple[str, ...]
    quirks: tuple[str, ...]


async def run_suite(model: Model, found: ProbeReport) -> SuiteReport:
    """Run every check of ``conformance`` against a model's engine, beneath its retries and its store.

    Args:
        model: what ``found`` was found out of: how its server wants requests written is known by that.
        found: what a run would do.
    """
    kept, broken, adapted = [], {}, list(found.adaptations)
    for check in CHECKS:
        name = check.__name__.replace("_", " ")
        try:
            async with asyncio.timeout(_LONGEST_CHECK_S):
                adapted += await _checked(check, model)
            kept.append(name)
        except (AssertionError, LM15Error, TimeoutError, ConnectionError) as error:
            broken[name] = one_line(error)
    said = " ".join((found.why, *adapted, *broken.values()))
    shown = (quirk.what for quirk in QUIRKS.values() if quirk.sign and re.search(quirk.sign, said))
    return SuiteReport(tuple(kept), broken, tuple(adapted), tuple(dict.fromkeys(shown)))


async def _checked(check: Check, model: Model) -> list[str]:
    """Run a check, again after every refusal from which something was learnt; returns what that was."""
    learnt: list[str] = []
    while True:
        try:
            await check(model.engine, model.name)
        except AdaptedError as refusal:
            learnt += [refusal.learnt] if refusal.learnt else []
        else:
            return learnt

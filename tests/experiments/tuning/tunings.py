"""Small tunings on the embedded population."""

import json
from pathlib import Path

from value_personas import load_recipe
from value_personas.experiments.answer_store import AnswerStore
from value_personas.experiments.answer_store.contents import records
from value_personas.experiments.tuning.tune import TuningResult, tune
from value_personas.signatures import HedgedDescriptor

__all__ = ["DRIVER", "HEDGED", "SMALL", "stored_prompts", "tuned"]

SMALL = (
    "survey.respondents=200",
    "profiles.n=6",
    'questions.include=["Q1", "Q29", "Q33", "Q49", "Q61", "Q106", "Q158", "Q171", "Q185", "Q199"]',
    "tuning.budget_calls=900",
    "tuning.training_cells=4",
    "tuning.validation_cells=4",
    "tuning.held_out_cells=8",
    "scoring.draws=200",
    "scoring.floor_draws=20",
    "scoring.persona_draws=2",
)

_GOOD = " ".join(str(HedgedDescriptor.instructions).split())

HEDGED = (f'tuning.instruction="{_GOOD}"', f'tuning.teacher="{_GOOD}"')
"""A start that the proposer cannot improve on."""


DRIVER = "import sys; from value_personas import load_recipe; "
DRIVER += "from value_personas.experiments.tuning.tune import tune; "
DRIVER += "tune(load_recipe('tune', sys.argv[1:]))"
"""A tuning in a process of its own, to be killed."""


def tuned(workspace: Path, optimizer: str, *settings: str) -> TuningResult:
    """One small tuning."""
    given = [f"workspace={workspace}", *SMALL, f"tuning.optimizer={optimizer}", *settings]
    return tune(load_recipe("tune", given))


def stored_prompts(workspace: Path) -> list[str]:
    """Everything that any model was asked in a workspace, sorted, as one text each."""
    with AnswerStore(workspace / "answers.db") as store:
        return sorted(json.dumps(record.content, ensure_ascii=False) for record in records(store))

"""A respondent whose error is a sum over the items it is told, so that every value can be worked out by hand.

Told item i with the answer at share x of its scale, it moves its mean on question m down by d[i, m]·x from
97 % of the scale. No country's people answer as high as it ends, so that its error of means is its mean minus
theirs.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dspy.lm15 import Request

from tests.fake_engines import RuleEngine
from value_personas import data, load_recipe
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.preparing import prepare
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs.engines import InProcess, nobody
from value_personas.programs.engines.model import Model
from value_personas.signatures import OPTION_LETTERS, Question

HIGH = 0.97
QUESTIONS = ("Q29", "Q49", "Q171", "Q185")
SETTINGS = (
    f"questions.include={list(QUESTIONS)!r}",
    "survey.respondents=400",
    "profiles.n=8",
    "scoring.draws=400",
    "scoring.floor_draws=20",
    "scoring.persona_draws=8",
    "shapley.pairs=2",
    "respondent.lm=openai/additive",
    "respondent.option_order=forward",
)


class AdditiveWorld:
    """The respondent, its shifts, and what must come out.

    Attributes:
        recipe: asks it.
        engine: counts what it is asked.
        shift: item → shape (M,), d.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *settings: str) -> None:
        items = data.load_instrument("inglehart-welzel").items
        overrides = folder / "own.csv"
        rows = [(i.code, s, "hedged", f"told {i.code} {s:g}") for i in items for s in i.scale.scores]
        pd.DataFrame(rows, columns=["item", "score", "variant", "text"]).to_csv(overrides, index=False)
        given = (f"workspace={folder}", f"descriptors.overrides={overrides}", *SETTINGS, *settings)
        self.recipe: Recipe = load_recipe("shapley", given)
        self.survey = prepare(Fieldwork(Workspace.open(folder), nobody), self.recipe).survey
        self.profiles = data.value_profiles(self.survey)
        self.scales: Mapping[str, np.ndarray] = {i.code: i.scale.values for i in items}
        rng = np.random.default_rng(7)
        self.shift = {i.code: rng.uniform(0.0, 0.02, len(QUESTIONS)) * (n % 4) for n, i in enumerate(items)}
        self.engine = RuleEngine(self._answer)
        monkeypatch.setattr(
            "value_personas.experiments.fieldwork.fieldwork.connect",
            lambda s, store, *others: Model(s.lm, InProcess(self.engine), store, s),
        )

    def share(self, item: str, answer: float) -> float:
        """Where an answer stands on its item's scale, 0 at its lowest score."""
        low, high = min(self.scales[item]), max(self.scales[item])
        return float((answer - low) / (high - low))

    def truth(self, country: str, item: str) -> float:
        """The value among all respondents: −d̄ · mean share, who gave no answer counting 0."""
        of_country = (self.profiles.country == country).to_numpy()
        answers = self.profiles.frame[item].to_numpy(np.float64)[of_country]
        weights = self.profiles.weight.to_numpy(np.float64)[of_country]
        low, high = min(self.scales[item]), max(self.scales[item])
        shares = np.nan_to_num((answers - low) / (high - low))
        return -float(self.shift[item].mean() * np.average(shares, weights=weights))

    def on_sample(self, country: str, item: str) -> float:
        """The value among the persons drawn."""
        n, seed = self.recipe.profiles.n, self.recipe.seed
        drawn = data.sample_profiles(self.profiles, country, n, self.recipe.profiles.design, seed)
        told = zip(drawn.profiles, drawn.weights.tolist(), strict=True)
        mean = sum(w * self.share(item, p.as_dict()[item]) for p, w in told if item in p.items)
        return -float(self.shift[item].mean() * mean)

    def question(self, text: str) -> Question:
        """Which question a prompt puts."""
        (found,) = [q for q in self.survey.questions if q.text in text]
        return found

    def _answer(self, request: Request) -> tuple[str, dict[str, float]]:
        text = request.messages[-1].text or ""
        question = self.question(text)
        m = self.survey.questions.index(question)
        told = re.findall(r"told (\w+) (-?\d+)", text)
        last = HIGH - sum(self.shift[item][m] * self.share(item, float(s)) for item, s in told)
        return "A", {"A": 1 - last, OPTION_LETTERS[len(question.scale) - 1]: last}

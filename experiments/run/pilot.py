"""The variances that a plan rests on: a pilot's, from its stored answers, or stated ones."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from value_personas.experiments.evaluation.answers import Answers, find_panel, panel_file, score_panel
from value_personas.experiments.evaluation.calibrated import Prepared
from value_personas.experiments.evaluation.fitted import UNCALIBRATED
from value_personas.experiments.evaluation.redrawn import persona_replicates
from value_personas.experiments.fieldwork.synthetic import in_words
from value_personas.experiments.inference import VarianceParts, pilot_parts
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.scoring import known_score
from value_personas.experiments.workspace.folders import Workspace
from value_personas.signatures import StatisticsError

_REPLICATES = 100
"""How often personas are drawn anew."""


@dataclass(frozen=True, slots=True)
class Pilot:
    """Where a plan's variances come from.

    Attributes:
        parts: the variances.
        countries: the pilot's.
        questions: its target questions.
        personas: its personas a country, by the answers that they are worth.
        source: in words.
    """

    parts: VarianceParts
    countries: int
    questions: int
    personas: int
    source: str

    def as_dict(self) -> dict[str, float]:
        """Part → variance."""
        return asdict(self.parts)


def stated_or_piloted(recipe: Recipe, variances: str | None, against: str | None, score: str) -> Pilot:
    """Stated variances where there are some, else those of the recipe's newest run.

    Args:
        recipe: whose run is the pilot; ``calibration.search.method`` names the persona kind.
        variances: four numbers, ``country,question,cell,persona``.
        against: a second persona kind, for the difference of the two.
        score: whose error is planned for.

    Raises:
        ValuePersonasError: when the variances cannot be read, or there is no such run.
    """
    if variances is not None:
        return Pilot(_stated(variances), 20, 40, 100, "stated variances")
    method = recipe.calibration.search.method
    runs = Workspace.at(recipe.workspace).folder / "runs"
    newest = find_panel(runs, recipe.name, method)
    paths = [panel_file(newest.parent, against)] if against else []
    panels = [Answers.load(path) for path in (*paths, newest)]
    what = f"{score} of {method}" + (f" − {against}" if against else "")
    synthetic = f", synthetic {in_words(panels[-1].synthetic)}" if panels[-1].synthetic else ""
    source = f"{what}, from the pilot {newest.parent.name}{synthetic}"
    design = len(panels[0].countries), len(panels[0].questions), _personas(panels)
    return Pilot(pilot_variances(panels, score, seed=recipe.seed), *design, source)


def _personas(panels: Sequence[Answers]) -> int:
    return max(1, round(float(panels[-1].effective_people.mean())))


def _stated(variances: str) -> VarianceParts:
    try:
        country, question, cell, persona = (float(part) for part in variances.split(","))
    except ValueError:
        raise StatisticsError(
            f"variances must be four numbers country,question,cell,persona, got {variances!r}"
        ) from None
    return VarianceParts(country, question, cell, persona)


def pilot_variances(panels: Sequence[Answers], score: str = "normalised_mae", seed: int = 0) -> VarianceParts:
    """The parts of the variance of a pilot's error, or of the difference of two methods' errors.

    Args:
        panels: one method's stored answers, or two methods' of the same countries and questions.
        score: whose error is planned for.
        seed: of the draws that show what sampling the personas adds; both methods take the same, so that
            shared personas stay paired.

    Raises:
        StatisticsError: for an unknown score, or panels that do not match.
    """
    known_score(score)
    if len(panels) not in (1, 2):
        raise StatisticsError(f"a pilot is one method or the difference of two, got {len(panels)}")
    first = panels[0]
    if any((p.countries, p.questions) != (first.countries, first.questions) for p in panels):
        raise StatisticsError("the two methods of a pilot must have the same countries and questions")
    errors = [score_panel(p, Prepared(p).estimate(UNCALIBRATED.setting), [score])[score] for p in panels]
    drawn = [
        score_panel(
            p, persona_replicates(ready, UNCALIBRATED.setting, replicates=_REPLICATES, seed=seed), [score]
        )[score]
        for p, ready in zip(panels, map(Prepared, panels), strict=True)
    ]
    difference, spread = (v[0] if len(v) == 1 else v[1] - v[0] for v in (errors, drawn))
    return pilot_parts(difference, spread, personas=_personas(panels))

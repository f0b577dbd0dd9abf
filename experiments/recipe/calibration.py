"""What a calibration search may be told; a section of the recipe."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from value_personas.experiments.recipe.section import Section
from value_personas.experiments.scoring import ScoreName
from value_personas.programs.calibration import Grouping, Level, MethodName

REGISTRY = "models:/"
"""What the name of a version in MLflow's model registry begins with."""

LATEST = "latest"
"""The value of ``calibration.fitted`` that stands for what was found last for the recipe."""


Share = Annotated[float, Field(gt=0.0, lt=1.0)]


class SearchSettings(Section):
    """How a calibration is searched for.

    Attributes:
        method: the persona kind whose stored answers are calibrated.
        methods: ways of calibrating to choose among.
        levels: each persona's answers, the population's average, or both to choose from.
        per: whether one strength serves all questions, or groups of them have their own.
        temperature: the range of T, searched on a log scale.
        alphas: Dirichlet pseudo-counts to choose among, for counted answers; 0 is no smoothing.
        keeps_mean_of: whether the mean is taken before smoothing (raw) or after.
        objectives: names of scores; the first chooses the setting, two or more draw a Pareto front.
        trials: settings tried in all, earlier sessions of the same study included.
        workers: processes that share the study.
        pruner: stops a trial whose first folds are poor (single objective only).
        held_out_countries: share of each zone's countries that the search never sees.
        held_out_questions: share of questions that the search never sees.
        held_out_zones: whole zones to hold out in place of a share of each.
        study: the study's name; derived from what is searched when absent.
        storage: an SQLAlchemy URL when several machines share the study; else a journal in the workspace.
    """

    method: str = "values-hedged"
    methods: tuple[MethodName, ...] = ("tilt",)
    levels: tuple[Level, ...] = ("persona", "population")
    per: tuple[Grouping, ...] = ("all",)
    temperature: tuple[Annotated[float, Field(ge=0.05)], Annotated[float, Field(le=1e4)]] = (0.5, 50.0)
    alphas: tuple[Annotated[float, Field(ge=0.0)], ...] = (0.0, 0.1, 0.5, 1.0)
    keeps_mean_of: Literal["raw", "smoothed"] = "raw"
    objectives: tuple[ScoreName, ...] = ("wasserstein",)
    trials: Annotated[int, Field(ge=1)] = 100
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    pruner: Literal["none", "median", "hyperband"] = "median"
    held_out_countries: Share = 0.3
    held_out_questions: Share = 0.3
    held_out_zones: tuple[str, ...] | None = None
    study: str | None = None
    storage: str | None = None

    @model_validator(mode="after")
    def _possible(self) -> "SearchSettings":
        low, high = self.temperature
        if not low < high:
            raise ValueError(f"the temperature's range must rise, got {low} … {high}")
        if not (self.methods and self.levels and self.per and self.alphas and self.objectives):
            raise ValueError("methods, levels, per, alphas and objectives each need at least one entry")
        if "dirichlet" in self.methods and "population" not in self.levels:
            raise ValueError("dirichlet is fitted at population level; add it to levels")
        return self

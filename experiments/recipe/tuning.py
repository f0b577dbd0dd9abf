"""What tuning may be told; a section of the recipe."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from value_personas.experiments.recipe.optimizers import OPTIMIZERS, optimizer_names
from value_personas.experiments.recipe.personas import PersonaKind
from value_personas.experiments.recipe.section import Section
from value_personas.experiments.scoring import ScoreName
from value_personas.programs.engines import Aside, EngineSettings
from value_personas.programs.personas import parse_kind
from value_personas.signatures import OfForm


def _known_optimizer(name: str) -> str:
    if name not in OPTIMIZERS and name not in (names := optimizer_names()):  # that takes milliseconds
        raise ValueError(f"no such optimiser; there are {', '.join(names)}")
    return name


OptimizerName = Annotated[str, AfterValidator(_known_optimizer)]
"""One of ``optimizer_names()``."""

_Plain = OfForm(r"^[\w .-]+$", "letters, digits, spaces, dots, hyphens")

Share = Annotated[float, Field(gt=0.0, lt=1.0)]
Count = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0.0)]


class MetricSettings(Section):
    """What a candidate is rewarded for on one cell: 1 − (error − noise floor), less penalties, in [0, 1].

    Attributes:
        score: the error; any score of a cell, turned so that 0 is best.
        length: taken off for each 45 words that the descriptors are long on average.
        spill_over: taken off for spill-over beyond ``spill_over_allowed``, a share of the scale.
        spill_over_allowed: how far one descriptor may move its reader's answers on other items.
        missing: taken off for the share of missing answers.
    """

    score: ScoreName = "wasserstein"
    length: Weight = 0.0
    spill_over: Weight = 0.0
    spill_over_allowed: Annotated[float, Field(ge=0.0, le=1.0)] = 0.05
    missing: Weight = 0.0


class TuningSettings(Section):
    """How prompts are tuned on training countries.

    Attributes:
        optimizer: one of DSPy's optimisers, or one that another distribution adds.
        options: the optimiser's own arguments, by the names that DSPy gives them; they go before what is
            worked out from the budget. Of GEPA also ``frontier_type`` and others of ``gepa.optimize``; its
            stoppers stand in ``stop_callbacks``, each by its name with its arguments; ``track_stats`` writes
            ``gepa.json``.
        kind: the persona kind whose prompts are tuned; it must carry descriptors.
        tunes: which prompts.
        instruction: the descriptor instruction to start from in place of the shipped one.
        teacher: an instruction by which demonstrations are written; the one that is tuned when absent. Of
            the optimisers that show demonstrations only.
        demonstrations: shown to the writer at most; of the same optimisers only.
        proposer: the model that proposes prompts; the respondent itself when absent.
        proposal_tokens: the longest reply of the proposer that is paid for.
        budget_calls: calls of all models together over the tuning's whole life: every attempt of every
            session, as the workspace keeps them, and each answer that lay in the store already, so that a
            tuning that was stopped and goes on ends where an unbroken one does.
        budget_cost: the same in the currency of the models' prices; an attempt that brought no reply counts
            at what it may have cost.
        finalists: candidates that are judged on all validation cells.
        metric: what a candidate is rewarded for.
        calibrated: whether answers are widened, by ``calibration.temperature``, before they are compared.
        held_out_zones: whole cultural zones that tuning never sees; a share of each zone when absent.
        held_out_countries: the share of countries that tuning never sees.
        validation_countries: the share of the others on which candidates are chosen.
        held_out_topics: whole topics that tuning never sees; a share of the batteries when absent.
        held_out_questions: the share of questions that tuning never sees.
        validation_questions: the share of the others on which candidates are chosen.
        training_cells: country × question cells that candidates learn from, at most.
        validation_cells: cells that candidates are chosen on, at most.
        held_out_cells: cells that the chosen one is judged on, at most.
        feedback_descriptors: descriptors whose recovery and spill-over GEPA is told of for each cell.
        max_characters: the longest instruction that is tried.
        model_name: the name under which MLflow registers the tuned program; the recipe's name when absent.
    """

    optimizer: OptimizerName = "gepa"
    options: dict[str, Any] = Field(default_factory=dict)
    kind: PersonaKind = "values-hedged"
    tunes: tuple[Literal["descriptor", "respondent"], ...] = ("descriptor",)
    instruction: str | None = None
    teacher: str | None = None
    demonstrations: Annotated[int, Field(ge=1, le=16)] = 3
    proposer: EngineSettings | None = None
    proposal_tokens: Count = 4000
    budget_calls: Annotated[Count, Aside()] = 2000
    budget_cost: Annotated[float, Field(gt=0.0), Aside()] | None = None
    finalists: Annotated[int, Field(ge=1, le=10)] = 2
    metric: MetricSettings = MetricSettings()
    calibrated: bool = False
    held_out_zones: tuple[str, ...] | None = None
    held_out_countries: Share = 0.4
    validation_countries: Share = 0.4
    held_out_topics: tuple[str, ...] | None = None
    held_out_questions: Share = 0.4
    validation_questions: Share = 0.4
    training_cells: Annotated[int, Field(ge=2)] = 6
    validation_cells: Annotated[int, Field(ge=2)] = 8
    held_out_cells: Annotated[int, Field(ge=2)] = 18
    feedback_descriptors: Annotated[int, Field(ge=0, le=6)] = 2
    max_characters: Annotated[int, Field(ge=100, le=40_000)] = 6000
    model_name: Annotated[str, Field(max_length=200), _Plain, Aside()] | None = None

    @field_validator("kind")
    @classmethod
    def _carries_descriptors(cls, kind: str) -> str:
        if parse_kind(kind).variant is None:
            raise ValueError("it carries no descriptors; name values-hedged or values-unhedged")
        return kind

    @model_validator(mode="after")
    def _something_to_tune(self) -> "TuningSettings":
        if "descriptor" not in self.tunes:
            raise ValueError("tunes must name descriptor, alone or with respondent")
        return self

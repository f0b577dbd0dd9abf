"""The recipe: one experiment, frozen and checked before anything is read or asked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from value_personas.experiments.recipe.ablation import AblationSettings
from value_personas.experiments.recipe.calibration import LATEST, REGISTRY, SearchSettings
from value_personas.experiments.recipe.hypotheses import Hypothesis
from value_personas.experiments.recipe.items import ItemSet
from value_personas.experiments.recipe.paths import NamesFile, RecipePath, files_of
from value_personas.experiments.recipe.personas import (
    AuditSection,
    ComparatorSection,
    PersonaKind,
    PersonalitySection,
    PersonaTextSection,
)
from value_personas.experiments.recipe.search import RecipeSearch
from value_personas.experiments.recipe.section import Section
from value_personas.experiments.recipe.shapley import ShapleySettings
from value_personas.experiments.recipe.survey import QuestionSection, SurveySection
from value_personas.experiments.recipe.sweep import SweepSettings
from value_personas.experiments.recipe.tuning import TuningSettings
from value_personas.experiments.workspace.folders import CALIBRATION_FILE, PROGRAM_FILE, Workspace
from value_personas.programs import MAX_TOKENS
from value_personas.programs.calibration import Level
from value_personas.programs.elicitation import ElicitationSettings, OptionOrder
from value_personas.programs.engines import Aside, EngineSettings, engine_kind
from value_personas.programs.personas import parse_kind
from value_personas.signatures import OfForm

PERSONA_KINDS: tuple[PersonaKind, ...] = ("none", "country", "values-unhedged", "values-hedged")
"""What a recipe compares when it does not say."""

DEFAULT_TEMPERATURE = 2.0
"""Of a calibration that is not fitted."""

PREDICTION_LEVEL = 0.9
"""How often the interval of a single prediction holds, where a recipe does not say."""

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1)]


class ProfileSection(Section):
    """Whose values the personas carry.

    Attributes:
        instrument: the value items: the name of an instrument, or a TOML file of one's own.
        design: how profiles are drawn.
        n: profiles drawn a country.
        weights: ``calibrated``: draws are weighted so that their means of the items are the country's, where
            there are four for each item and four more; ``design``: as drawn.
        missing: what becomes of answers to items that a respondent did not give: ``omit`` leaves them out of
            the profile, ``impute`` takes those of the nearest respondent of the country; a run tells how far
            apart the two are.
        margins: a CSV with the columns country, variable, category and share, as of a census, to which
            calibrated weights bring the draws too.
        items: the items that personas tell of; codes, or the name of a set (``recipe.items``). The
            same respondents are drawn whatever is told of them.
    """

    instrument: Annotated[str, NamesFile(unless=r"(?!.*\.toml$).*")] = "inglehart-welzel"
    design: Literal["systematic", "random", "all", "marginal"] = "systematic"
    n: Count = 100
    weights: Literal["calibrated", "design"] = "calibrated"
    missing: Literal["omit", "impute"] = "omit"
    margins: RecipePath | None = Field(default=None, exclude_if=lambda v: v is None)
    items: ItemSet | Annotated[tuple[str, ...], Field(min_length=1)] = "all"


class DescriptorSection(Section):
    """How answers become descriptors.

    Attributes:
        address: the person is spoken to (you) or speaks (I).
        attempts: how often one wording may be asked for.
        wordings: wordings of each answer; a persona draws one of each.
        max_tokens: the writer's longest reply; a model that thinks needs hundreds.
        overrides: a CSV with the columns item, score, variant, text; its texts win.
        frozen: a run's descriptors.csv, taken as it stands, or ``reference``, the table that comes with the
            product; nothing is written anew.
        lm: the model that writes them; the respondent itself when absent.
    """

    address: Literal["you", "I"] = "you"
    attempts: Count = 3
    wordings: Annotated[int, Field(ge=1, le=50)] = 1
    max_tokens: Count = Field(default=MAX_TOKENS, exclude_if=lambda v: v == MAX_TOKENS)
    overrides: RecipePath | None = None
    frozen: Annotated[Path, NamesFile(unless="reference")] | None = None
    lm: EngineSettings | None = None

    @model_validator(mode="after")
    def _frozen_as_it_stands(self) -> "DescriptorSection":
        if self.frozen and self.overrides:
            raise ValueError("frozen is taken as it stands; leave overrides out")
        return self


class RespondentSection(EngineSettings):
    """The model that answers, how it is reached, and how it is asked.

    Attributes:
        elicitation: how an answer is got out of it.
        option_order: in which order the options stand; ``both`` averages forward and reversed, ``balanced``
            turns the page round for one of every two personas, at no extra call. When absent, ``balanced``;
            ``forward`` for the embedded respondent, whose order effect is a known fault.
        offer_dont_know: whether "don't know" stands below the options; its share is reported apart.
        wordings: instructions in place of the prompt's own, averaged; their spread is reported.
        max_missing: the share of missing answers above which a cell is not estimated.
        confirm_above_cost: ``value-personas run`` asks before it spends more than this, in the currency of
            ``prices``; of no effect without a price table.
        confirm_above_calls: likewise for the number of calls; never asked for when absent.
    """

    elicitation: ElicitationSettings = ElicitationSettings()
    option_order: OptionOrder = "forward"
    offer_dont_know: bool = False
    wordings: tuple[str, ...] = ()
    max_missing: Share = 0.2
    confirm_above_cost: Annotated[float, Field(ge=0.0), Aside()] = 5.0
    confirm_above_calls: Annotated[int, Field(ge=0), Aside()] | None = None

    @model_validator(mode="before")
    @classmethod
    def _order_of_the_model(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "option_order" in given:
            return given
        lm = given.get("lm", cls.model_fields["lm"].default)
        invented = isinstance(lm, str) and engine_kind(lm).is_synthetic
        return {**given, "option_order": "forward" if invented else "balanced"}


class CalibrationSection(Section):
    """How the spread of answers is widened without moving their mean.

    Attributes:
        temperature: T of q ∝ p^(1/T)·exp(βr); 1 leaves answers as they are. 2 where nothing is fitted.
        fitted: in place of that, what ``value-personas calibrate`` found: a calibration.json,
            models:/NAME/VERSION of MLflow's registry, or ``latest``, the workspace's newest of this recipe.
        kinds: the persona kinds that get a calibrated row.
        levels: what is widened, a row for each: every ``persona``'s answers, which are then averaged, or the
            ``population``'s average. A fitted calibration has its own level.
        search: what ``value-personas calibrate`` searches.
    """

    temperature: Annotated[float, Field(gt=0.0, le=1e4)] | None = None
    fitted: (
        Annotated[str, Field(min_length=1), NamesFile(f"{LATEST}|{REGISTRY}.*", CALIBRATION_FILE)] | None
    ) = Field(default=None, exclude_if=lambda v: v is None)
    kinds: tuple[PersonaKind, ...] = ("values-hedged",)
    levels: tuple[Level, ...] = ("persona",)
    search: SearchSettings = SearchSettings()

    @model_validator(mode="before")
    @classmethod
    def _one_strength(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        temperature, fitted = given.get("temperature"), given.get("fitted")
        if temperature is not None and fitted is not None:
            raise ValueError("temperature and fitted are two ways of saying one thing; leave one out")
        if temperature is None and fitted is None:
            return {**given, "temperature": DEFAULT_TEMPERATURE}
        return given

    @field_validator("levels")
    @classmethod
    def _some_and_distinct(cls, levels: tuple[Level, ...]) -> tuple[Level, ...]:
        if not levels or len(set(levels)) != len(levels):
            raise ValueError("name persona, population or both, each once; kinds = [] calibrates nothing")
        return levels


class ScoringSection(Section):
    """How predictions are judged.

    Attributes:
        draws: random sign patterns of the sign-flip tests.
        floor_draws: bootstrap draws of each human sample for the noise floor.
        persona_draws: how often each country's personas are drawn anew, so that the intervals carry their
            sampling too; 0 leaves it out.
        gap_reference: a country's code; errors are regressed on every country's distance from it on the
            cultural map, with and without value personas. Of several codes the first that the survey holds,
            else the first of the published map.
        gap_index: in place of that, a CSV with the columns country and index (larger: less represented).
        level: the coverage of the intervals.
        prediction_level: how often the interval of a single prediction holds.
        interval_from: the run, by name, folder or MLflow id, whose errors these intervals are made of; this
            run's own when absent. A run that nobody's answers judge needs one.
    """

    draws: Annotated[int, Field(ge=100)] = 2000
    floor_draws: Annotated[int, Field(ge=20)] = 100
    persona_draws: Literal[0] | Annotated[int, Field(ge=2)] = 20
    gap_reference: str | Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    gap_index: RecipePath | None = None
    level: Annotated[float, Field(gt=0.5, lt=1.0)] = 0.95
    prediction_level: Annotated[float, Field(gt=0.5, lt=1.0)] = Field(
        default=PREDICTION_LEVEL, exclude_if=lambda v: v == PREDICTION_LEVEL
    )
    interval_from: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, exclude_if=lambda v: v is None
    )

    @model_validator(mode="after")
    def _one_index(self) -> "ScoringSection":
        if self.gap_reference and self.gap_index:
            raise ValueError("gap_reference and gap_index are two ways of saying one thing; leave one out")
        return self


class CulturalMapSection(Section):
    """Whether the model is asked for the value items themselves, to place its populations on the map.

    Attributes:
        ask: whether, after the target questions; these answers are never scored.
        kinds: the persona kinds that are asked; all of the recipe's when absent.
    """

    ask: bool = False
    kinds: tuple[PersonaKind, ...] | None = None


class TrackingSection(Section):
    """Where the experiment is recorded.

    Attributes:
        uri: an MLflow tracking URI; when absent MLFLOW_TRACKING_URI, or else SQLite in the workspace.
        experiment: the MLflow experiment, one for a whole family of recipes; when absent
            MLFLOW_EXPERIMENT_NAME, or else the recipe's name.
    """

    uri: str | None = None
    experiment: str | None = None


class Recipe(Section):
    """One experiment.

    Attributes:
        name: names the run; a file's own name when absent there.
        description: one line for a list of recipes.
        seed: the one seed from which every draw is spawned.
        workspace: the folder of everything that is kept.
        store: the answer store's database URL, where several machines share one; a file in the workspace
            when absent.
        predictions: tables of predictions made elsewhere, which are judged in place of asking.
        personas: the persona kinds to compare, each a row of the result; none where predictions are judged.
        program: tuned prompts to ask by: a program.json, or models:/NAME/VERSION of MLflow's registry.
        allow_leak: whether a persona may state what is then asked; the result says so in its first line.
        hypotheses: claims that are judged when all is scored: supported, refuted or undecided.
    """

    name: Annotated[str, Aside()] = "quickstart"
    description: Annotated[str, OfForm(r"^[^\n]*$", "one line"), Aside()] = ""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    workspace: Annotated[Path, Aside()] = Path(".value-personas")
    store: Annotated[str | None, Aside()] = None
    predictions: Annotated[tuple[str, ...], NamesFile(), Aside()] = Field(
        default=(), exclude_if=lambda v: not v
    )
    personas: Annotated[tuple[PersonaKind, ...], Aside()] = PERSONA_KINDS
    allow_leak: Annotated[bool, Aside()] = False
    hypotheses: Annotated[tuple[Hypothesis, ...], Aside()] = Field(
        default=(), exclude_if=lambda claims: not claims
    )
    program: Annotated[str, NamesFile(unless=f"{REGISTRY}.*", copy=PROGRAM_FILE)] | None = None
    survey: SurveySection = SurveySection()
    questions: QuestionSection = QuestionSection()
    profiles: ProfileSection = ProfileSection()
    descriptors: DescriptorSection = DescriptorSection()
    persona_text: PersonaTextSection = PersonaTextSection()
    personality: PersonalitySection = PersonalitySection()
    comparators: Annotated[ComparatorSection, Aside()] = ComparatorSection()
    audit: Annotated[AuditSection, Aside()] = AuditSection()
    respondent: RespondentSection = RespondentSection()
    calibration: CalibrationSection = CalibrationSection()
    scoring: Annotated[ScoringSection, Aside()] = ScoringSection()
    cultural_map: Annotated[CulturalMapSection, Aside()] = CulturalMapSection()
    tracking: Annotated[TrackingSection, Aside()] = TrackingSection()
    tuning: TuningSettings = TuningSettings()
    shapley: Annotated[ShapleySettings, Aside()] = ShapleySettings()
    sweep: Annotated[SweepSettings | None, Aside()] = None
    ablation: Annotated[AblationSettings, Aside()] = AblationSettings()
    search: Annotated[RecipeSearch | None, Aside()] = Field(default=None, exclude_if=lambda v: v is None)

    @field_validator("name")
    @classmethod
    def _names_a_folder(cls, name: str) -> str:
        plain = name.isprintable() and name[:1] not in ("", ".", " ") and not set(name) & {"/", "\\"}
        if not plain or len(name) > 100 or len(name.encode()) > 200:
            raise ValueError(
                "it names a folder: up to 100 printable characters and 200 bytes, none of them / or \\, the "
                "first no dot or space"
            )
        return name

    @field_validator("personas")
    @classmethod
    def _some_and_distinct(
        cls, kinds: tuple[PersonaKind, ...], told: ValidationInfo
    ) -> tuple[PersonaKind, ...]:
        if (not kinds and not told.data.get("predictions")) or len(set(kinds)) != len(kinds):
            raise ValueError("name at least one persona kind, each once")
        return kinds

    @field_validator("hypotheses")
    @classmethod
    def _each_once(cls, claims: tuple[Hypothesis, ...]) -> tuple[Hypothesis, ...]:
        if len({one.claim for one in claims}) != len(claims):
            raise ValueError("state each claim once, in words of its own")
        return claims

    @model_validator(mode="after")
    def _individuals_have_facts(self) -> "Recipe":
        """A marginal draw is nobody in particular."""
        named = {
            "leave the kind out of personas": self.personas,
            "another shapley.kind": (self.shapley.kind, self.shapley.empty),
        }
        for or_else, kinds in named.items():
            individual = [kind for kind in kinds if parse_kind(kind).of_individuals]
            if individual and self.profiles.design == "marginal":
                raise ValueError(
                    "profiles.design = marginal deals answers anew, so that nobody has the facts of "
                    f"{individual[0]}; choose another design or {or_else}"
                )
        return self

    @model_validator(mode="after")
    def _gap_has_two_sides(self) -> "Recipe":
        of_values = any(kind.startswith("values-hedged") for kind in self.personas)
        indexed = self.scoring.gap_reference or self.scoring.gap_index
        if indexed and not (of_values and len(self.personas) > 1):
            raise ValueError(
                "scoring.gap_… compares values-hedged with another persona kind; name both in personas, "
                f"which has {', '.join(self.personas)}"
            )
        return self

    @model_validator(mode="before")
    @classmethod
    def _judged_or_asked(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("predictions"):
            return {**given, "personas": (), "cultural_map": CulturalMapSection()}
        return given

    @property
    def newest_calibration(self) -> Path:
        """Where ``value-personas calibrate`` leaves what it finds for it."""
        return Workspace(self.workspace.expanduser().resolve()).calibration(self.name) / CALIBRATION_FILE

    def named_files(self) -> Iterator[tuple[str, Path]]:
        """Every file that it names, with its key; of the calibration, the newest where it says so."""
        yield from files_of(self)
        if self.calibration.fitted == LATEST:
            yield "calibration.fitted", self.newest_calibration

    @property
    def answered_by(self) -> str:
        """The model that answers, or the tables that its answers stand in."""
        tables = ", ".join(Path(path).name for path in self.predictions)
        return f"predictions in {tables}" if tables else self.respondent.lm

    def __repr__(self) -> str:
        told = (self.name, self.respondent.lm, ", ".join(self.personas))
        return f"<Recipe {' · '.join(told)}>"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        import pandas as pd  # half a second of start-up that no command needs for its recipe

        from value_personas.data import card

        usual = Recipe().flat()
        own = {key: value for key, value in self.flat().items() if value != usual.get(key)}
        table = pd.DataFrame({"setting": list(own), "value": [str(value) for value in own.values()]})
        return card(f"recipe {self.name}", table, notes=("what differs from the defaults",))

    @property
    def writer(self) -> EngineSettings:
        """The model that writes descriptors."""
        return self.descriptors.lm or self.respondent

    def flat(self) -> dict[str, Any]:
        """Dotted key → value, as MLflow records it and ``--set`` takes it."""
        return dict(_flatten("", self.model_dump(mode="json")))


def _flatten(prefix: str, value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, dict) or not value:
        return [(prefix, value)]
    nested = ((f"{prefix}.{key}" if prefix else key, inner) for key, inner in value.items())
    return [pair for key, inner in nested for pair in _flatten(key, inner)]

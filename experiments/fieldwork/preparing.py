"""Everything before the first question: the survey is read, profiles are taken from it, people are drawn."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from value_personas import data
from value_personas.data import published_map
from value_personas.experiments.comparators import COMPARATORS
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.leaks import check_leaks
from value_personas.experiments.fieldwork.prompt_file import TunedProgram
from value_personas.experiments.fieldwork.sample import Populations, draw_populations, sample_country
from value_personas.experiments.fieldwork.survey import open_survey
from value_personas.experiments.fieldwork.tuned_prompts import find_program
from value_personas.experiments.recipe.personas import ComparatorSection, PersonaKind, PersonaTextSection
from value_personas.experiments.recipe.recipe import DescriptorSection, Recipe, RespondentSection
from value_personas.experiments.recipe.survey import QuestionSection, SurveySection
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs import Arrangement, EngineSettings, PopulationSample
from value_personas.programs.elicitation import require_letters
from value_personas.programs.personas import parse_kind
from value_personas.signatures import Question, ValueItem


@dataclass(frozen=True, slots=True)
class Asking:
    """Who is asked what by which model, and how the asked are put into words.

    Attributes:
        samples: the sampled population of each country.
        items: the items of the profiles.
        questions: the target questions.
        forbidden_names: country names that no descriptor may speak.
        arrangement: in which order and wordings a persona carries its items, and in how many texts.
        facts: the facts that sociodemographic personas state; all that are known when absent.
        program: tuned prompts to ask by; the shipped ones when absent.
        kinds: as which personas the sampled are asked.
        on_map: those of them that are asked the value items too, to be placed on the map; none as a rule.
        instrument: whose items these are.
        descriptors: how answers become descriptors.
        writer: the model that writes them.
        respondent: the model that answers, and how it is asked.
    """

    samples: tuple[PopulationSample, ...]
    items: tuple[ValueItem, ...]
    questions: tuple[Question, ...]
    forbidden_names: tuple[str, ...]
    arrangement: Arrangement
    facts: tuple[str, ...] | None
    program: TunedProgram | None
    kinds: tuple[PersonaKind, ...]
    on_map: tuple[PersonaKind, ...]
    instrument: str
    descriptors: DescriptorSection
    writer: EngineSettings
    respondent: RespondentSection


@dataclass(frozen=True, slots=True)
class Prepared:
    """A recipe before anything is asked.

    Attributes:
        survey: where the human answers come from.
        reading: everything that determined how it was read.
        profiles: the value profiles of its respondents.
        populations: whom the personas are built from.
        leaks: target questions that a persona states itself, which the recipe allows.
        asking: everybody who was drawn is asked every target question of the survey.
    """

    survey: data.Survey
    reading: tuple[Hashable, ...]
    profiles: data.ProfileTable
    populations: Populations
    leaks: tuple[str, ...]
    asking: Asking


def prepare(field: Fieldwork, recipe: Recipe, kinds: Sequence[PersonaKind] | None = None) -> Prepared:
    """Read and draw; what equal settings read or drew before is taken as it is.

    Args:
        field: keeps what is read and drawn.
        recipe: says which survey, whose profiles, and how many.
        kinds: the persona kinds that will be asked; the recipe's own when absent. Without any, nobody is
            drawn, and it is the values themselves that are studied.

    Raises:
        ValuePersonasError: when the survey does not hold what the recipe needs, or a persona would state
            what it is asked.
    """
    kinds = recipe.personas if kinds is None else tuple(kinds)
    instrument = recipe.profiles.instrument
    own = instrument if instrument.endswith(".toml") else None
    reading = (*_reading(recipe.survey, recipe.questions, recipe.seed), own)
    read_survey = partial(open_survey, recipe.survey, recipe.questions, recipe.seed, field.workspace, own)
    survey = field.once(("survey", *reading), read_survey)
    needed = not (kinds or recipe.predictions) or _rests_on_values(kinds, recipe.comparators)
    take = partial(data.value_profiles, survey, instrument, needed=needed, missing=recipe.profiles.missing)
    profiled = (*reading, instrument, needed, recipe.profiles.missing)
    profiles = field.once(("profiles", *profiled), take)
    drawing = (recipe.profiles, recipe.persona_text, recipe.personality)
    key = (*reading, kinds, recipe.seed, *(section.model_dump_json() for section in drawing))

    def drawn_of(country: str) -> data.ProfileSample:
        how = recipe.profiles.model_dump_json(exclude={"items"})  # which are told is chosen afterwards
        sample = partial(sample_country, recipe.profiles, recipe.seed, profiles, country)
        return field.once(("drawn", *profiled, how, recipe.seed, country), sample)

    draw = partial(draw_populations, *drawing, recipe.seed, kinds, survey, profiles, drawn_of)
    populations = field.once(("populations", *key), draw)
    require_letters(survey.questions, recipe.respondent.offer_dont_know)
    leaks = check_leaks(kinds, survey, populations.items, allowed=recipe.allow_leak)
    who = populations.samples, populations.items, survey.questions
    asking = asking_of(recipe, field.workspace, kinds, *who, map(survey.country_name, survey.countries))
    return Prepared(survey, reading, profiles, populations, leaks, asking)


def asking_of(
    recipe: Recipe,
    workspace: Workspace,
    kinds: tuple[PersonaKind, ...],
    samples: tuple[PopulationSample, ...],
    items: tuple[ValueItem, ...],
    questions: tuple[Question, ...],
    names: Iterable[str] = (),
) -> Asking:
    """Who is asked what, in the words and by the models of a recipe.

    Args:
        recipe: says how.
        workspace: has a registry, where the recipe names a program of it.
        kinds: as which personas the sampled are asked.
        samples: the sampled.
        items: of their profiles.
        questions: what they are asked.
        names: of countries, which no descriptor may speak, besides all on the cultural map.
    """
    text, on_map = recipe.persona_text, recipe.cultural_map
    return Asking(
        samples,
        items,
        questions,
        forbidden_names=tuple(dict.fromkeys((*names, *(p.country for p in published_map().values())))),
        arrangement=_arrangement(text, recipe.descriptors.wordings, recipe.seed),
        facts=text.demographics,
        program=find_program(recipe.program, recipe.tracking, workspace),
        kinds=kinds,
        on_map=(on_map.kinds or kinds) if on_map.ask else (),
        instrument=recipe.profiles.instrument,
        descriptors=recipe.descriptors,
        writer=recipe.writer,
        respondent=recipe.respondent,
    )


def _rests_on_values(kinds: Sequence[PersonaKind], comparators: ComparatorSection) -> bool:
    """Whether a persona or a comparator is made of the value items."""
    regressed = any("items" in COMPARATORS[name].needs for name in comparators.names)
    return regressed or any(parse_kind(kind).states_values for kind in kinds)


def _reading(survey: SurveySection, questions: QuestionSection, seed: int) -> tuple[Hashable, ...]:
    """Everything that determines how a survey is read."""
    return survey.model_dump_json(), questions.model_dump_json(), seed if survey.is_synthetic else None


def _arrangement(text: PersonaTextSection, wordings: int, seed: int) -> Arrangement:
    drawn = wordings > 1 or text.order in ("both", "shuffled")
    return Arrangement(text.order, wordings, text.replicates or (2 if drawn else 1), seed)

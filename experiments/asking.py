"""The asking stage: descriptors are written, personas built, and the panel put to the model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from experiments.config import PersonaKind, Recipe
from experiments.descriptor_files import read_overrides
from programs.descriptor_writer import DescriptorTable, DescriptorWriter, Variant
from programs.elicitation import ElicitationSettings, choose_elicitation
from programs.engines import connect
from programs.model import Model
from programs.panel import Panel, PanelResult
from programs.personas import CountryRoleplay, NoPersona, PersonaBuilder, PopulationSample, ValuePersonas
from programs.replies import AnswerStore
from programs.respondent import AskingStyle, Respondent
from signatures import EngineError, Persona, Question, ValueItem

__all__ = ["Asked", "Asking", "ask_everything"]

_VARIANTS: Mapping[str, Variant] = {"values-hedged": "hedged", "values-unhedged": "unhedged"}


@dataclass(frozen=True, slots=True)
class Asking:
    """Who is asked what.

    Attributes:
        samples: the sampled population of each country.
        items: the items of the profiles.
        questions: the target questions.
        forbidden_names: country names that no descriptor may speak.
    """

    samples: tuple[PopulationSample, ...]
    items: tuple[ValueItem, ...]
    questions: tuple[Question, ...]
    forbidden_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked and what came back.

    Attributes:
        panels: one result for each persona kind.
        descriptors: the descriptor table of each variant that was needed.
        identity: the engine and everything about it that determines an answer.
        elicitation: how answers were got, and why so.
        usage: calls, replies from the store, tokens and cost, as the model counted them.
        prompts: the system and user text of one persona's first question, for each kind.
    """

    panels: Mapping[PersonaKind, PanelResult]
    descriptors: Mapping[Variant, DescriptorTable]
    identity: str
    elicitation: str
    usage: Mapping[str, float]
    prompts: Mapping[PersonaKind, tuple[str, str]]


async def ask_everything(
    recipe: Recipe, asking: Asking, store: AnswerStore, on_answered: Callable[[PersonaKind, int, int], None]
) -> Asked:
    """Run the stage; everything already in the store is read from there.

    Args:
        recipe: which models, kinds and ways of asking.
        asking: who is asked what.
        store: keeps every reply before it is counted.
        on_answered: called with the kind, its cells just settled and its cells in all.
    """
    respondent_model = connect(recipe.respondent, store)
    writer_model = connect(recipe.descriptors.lm, store) if recipe.descriptors.lm else respondent_model
    try:
        descriptors = await _write_descriptors(recipe, asking, writer_model)
        personas = _build_personas(recipe.personas, asking.samples, descriptors)
        panel, why = await _panel(
            recipe, respondent_model, personas[recipe.personas[0]][0], asking.questions[0]
        )
        panels = {}
        for kind, people in personas.items():
            counted = partial(_count, on_answered, kind, len(people) * len(asking.questions))
            panels[kind] = await panel.ask(people, asking.questions, counted)
    finally:
        for model in {id(m): m for m in (respondent_model, writer_model)}.values():
            await model.aclose()
    prompts = {kind: panel.first_prompt(people[0], asking.questions[0]) for kind, people in personas.items()}
    return Asked(
        panels, descriptors, respondent_model.identity, why, respondent_model.usage.as_dict(), prompts
    )


def _count(
    on_answered: Callable[[PersonaKind, int, int], None], kind: PersonaKind, total: int, n: int
) -> None:
    on_answered(kind, n, total)


async def _write_descriptors(
    recipe: Recipe, asking: Asking, model: Model
) -> Mapping[Variant, DescriptorTable]:
    section = recipe.descriptors
    overrides = read_overrides(section.overrides, asking.items) if section.overrides else {}
    tables = {}
    for variant in (_VARIANTS[kind] for kind in recipe.personas if kind in _VARIANTS):
        writer = DescriptorWriter(variant, section.address, section.attempts)
        own = {(item, score): text for (v, item, score), text in overrides.items() if v == variant}
        tables[variant] = await writer.write_all(model, asking.items, own, asking.forbidden_names)
        _require_texts(tables[variant], model)
    return tables


def _require_texts(table: DescriptorTable, model: Model) -> None:
    """Stop before a persona is built with a gap in it; descriptors that merely break a rule are listed."""
    if empty := [d for d in table.unmended if not d.text]:
        raise EngineError(
            f"{model.name} wrote no descriptor for {empty[0].item} = {empty[0].score:g} "
            f"({len(empty)} of {len(table.descriptors)}); name another model in descriptors.lm, or give the "
            "texts in descriptors.overrides"
        )


def _build_personas(
    kinds: Sequence[PersonaKind],
    samples: Sequence[PopulationSample],
    descriptors: Mapping[Variant, DescriptorTable],
) -> dict[PersonaKind, tuple[Persona, ...]]:
    def builder(kind: PersonaKind) -> PersonaBuilder:
        if kind in _VARIANTS:
            return ValuePersonas(descriptors[_VARIANTS[kind]], kind)
        return NoPersona() if kind == "none" else CountryRoleplay()

    return {
        kind: tuple(persona for sample in samples for persona in builder(kind).build(sample))
        for kind in kinds
    }


async def _panel(recipe: Recipe, model: Model, persona: Persona, question: Question) -> tuple[Panel, str]:
    way = recipe.respondent.elicitation
    settings = ElicitationSettings(way.mode, way.min_label_mass, way.draws)
    elicitation, why = await choose_elicitation(model, settings, persona, question)
    section = recipe.respondent
    style = AskingStyle(section.option_order, section.offer_dont_know, section.wordings)
    respondent = Respondent(elicitation, style)
    # The engine holds its own calls to the recipe's concurrency; as many cells again wait for the store.
    return Panel(model, respondent, 2 * recipe.respondent.concurrency), why

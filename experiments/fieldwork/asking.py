"""The asking stage: descriptors are written, personas built, and the panel put to the model."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from value_personas import data
from value_personas.experiments.fieldwork.descriptors import (
    REFERENCE,
    read_frozen,
    read_overrides,
    reference_tables,
)
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.preparing import Asking
from value_personas.experiments.fieldwork.prompt_file import TunedProgram
from value_personas.experiments.fieldwork.rehearsal import Estimate, Rehearsal
from value_personas.experiments.fieldwork.shown_calls import shown_calls
from value_personas.experiments.fieldwork.tuned_prompts import tuned_respondent, tuned_writer
from value_personas.experiments.recipe.personas import PersonaKind
from value_personas.experiments.tracking import Call, Prompt
from value_personas.programs import (
    AskingStyle,
    DescriptorTable,
    DescriptorWriter,
    Panel,
    PanelResult,
    PersonaSources,
    Respondent,
    Variant,
    persona_builder,
    signature_of,
)
from value_personas.programs.elicitation import VerbalisedDistribution, choose_elicitation
from value_personas.programs.engines import Model, tallied
from value_personas.programs.personas import parse_kind
from value_personas.signatures import (
    EngineError,
    MissingReason,
    Persona,
    Question,
    RecipeError,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked and what came back.

    Attributes:
        panels: one result for each persona kind.
        descriptors: the descriptor table of each variant that was needed.
        identity: the engine and everything about it that determines an answer.
        elicitation: how answers were got, and why so.
        usage: calls, replies from the store, tokens and cost of what was asked here of the respondent.
        prompts: the system and user text of one persona's first question, for each kind.
        map_panels: what the kinds that were asked them answered to the value items themselves; never scored.
        program: the tuned prompts it was asked by; None where they were the shipped ones.
        places: what each of several servers or workers did, by its name; where runs go on side by side, for
            all of them together.
        instructions: each prompt that it was asked by, by what it is for.
        calls: some of what was asked and said, to be shown.
    """

    panels: Mapping[PersonaKind, PanelResult]
    descriptors: Mapping[Variant, DescriptorTable]
    identity: str
    elicitation: str
    usage: Mapping[str, float]
    prompts: Mapping[PersonaKind, tuple[str, str]]
    map_panels: Mapping[PersonaKind, PanelResult] = field(default_factory=dict)
    program: TunedProgram | None = None
    places: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    instructions: Mapping[str, Prompt] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()


def ask_everything(
    field: Fieldwork,
    asking: Asking,
    on_answered: Callable[[PersonaKind, int, int], None],
    approve: Callable[[Estimate], None] | None = None,
    again: Collection[MissingReason] = (),
) -> Asked:
    """Run the stage; everything already in the store is read from there.

    Args:
        field: holds the store, and opens the models.
        asking: who is asked what, and how.
        on_answered: called with the kind, its cells just settled and its cells in all.
        approve: called with what is still to be paid for, before the first call; and again where that rested
            on an assumption, once it is known. It raises to end the run.
        again: stored replies that read as missing for one of these reasons are taken out and asked again.
    """
    expected = estimate_asking(field, asking) if approve else None
    if approve and expected:
        approve(expected)  # before a model is opened, which takes a key
    respondent, writer = field.model(asking.respondent), field.model(asking.writer)
    with tallied() as tally:
        ready = field.wait(_make_ready(asking, respondent, writer, on_answered))
        forgotten = _forget(ready, asking, again) if again else 0
        if approve and expected and (expected.assumptions or forgotten):
            approve(estimate_asking(field, asking))
        panels = {
            kind: field.wait(_ask(ready.panels[kind], people, asking.questions, partial(on_answered, kind)))
            for kind, people in ready.personas.items()
        }
        map_panels = {
            kind: field.wait(
                _ask(ready.panels[kind], people, ready.map_questions, partial(on_answered, f"{kind}: map"))
            )
            for kind, people in ready.on_map.items()
        }
        respondent.require_answers()
    first = asking.questions[0]
    prompts = {kind: ready.panels[kind].first_prompt(p[0], first) for kind, p in ready.personas.items()}
    usage = tally.of(respondent.usage).as_dict()
    why = "; ".join((ready.why, *respondent.adaptations))
    came_back = panels, ready.descriptors, respondent.identity, why, usage, prompts, map_panels
    told_by = asking.program, respondent.figures(), _instructions(asking, ready)
    return Asked(*came_back, *told_by, shown_calls(ready.panels, panels, respondent))


def _instructions(asking: Asking, ready: "_Ready") -> dict[str, Prompt]:
    """The prompts as they stood, tuned or not; of descriptors where they were written here."""
    found: dict[str, Prompt] = {}
    for variant in () if asking.descriptors.frozen else ready.descriptors:
        write = _writer(asking, variant).write
        found[f"descriptor-{variant}"] = Prompt(signature_of(write).instructions, tuple(write.demos))
    for kind, panel in ready.panels.items():
        role = "forecast" if parse_kind(kind).forecasts else "respondent"
        demos = tuple(panel.respondent.answer.demos)
        for place, signature in enumerate(panel.respondent.signatures, start=1):
            name = role if place == 1 else f"{role}-wording-{place}"
            found.setdefault(name, Prompt(signature.instructions, demos))
    return found


def _forget(ready: "_Ready", asking: Asking, reasons: Collection[MissingReason]) -> int:
    rounds = ready.rounds(asking.questions)
    return sum(panel.forget(people, questions, reasons) for panel, people, questions in rounds)


@dataclass(frozen=True, slots=True)
class _Ready:
    """Everything there must be before the first question is put."""

    descriptors: Mapping[Variant, DescriptorTable]
    personas: Mapping[PersonaKind, tuple[Persona, ...]]
    panels: Mapping[PersonaKind, Panel]
    why: str
    on_map: Mapping[PersonaKind, tuple[Persona, ...]]
    map_questions: tuple[Question, ...]

    def rounds(
        self, questions: tuple[Question, ...]
    ) -> list[tuple[Panel, tuple[Persona, ...], tuple[Question, ...]]]:
        """By which panel who is asked what, a kind at a time."""
        rounds = [(self.panels[kind], people, questions) for kind, people in self.personas.items()]
        return rounds + [(self.panels[kind], p, self.map_questions) for kind, p in self.on_map.items()]


async def _make_ready(
    asking: Asking,
    respondent: Model,
    writer: Model,
    on_written: Callable[[str, int, int], None] = lambda what, n, total: None,
) -> _Ready:
    # Before anything is paid for.
    map_questions = _map_questions(asking.instrument) if asking.on_map else ()
    variants = needed_variants(asking.kinds)
    descriptors = await write_descriptors(asking, writer, variants, on_written)
    personas = build_personas(asking.kinds, asking, descriptors)
    panels, why = await open_panels(asking, respondent, personas)
    on_map = {kind: people for kind, people in personas.items() if kind in asking.on_map}
    return _Ready(descriptors, personas, panels, why, on_map, map_questions)


def _map_questions(name: str) -> tuple[Question, ...]:
    """An instrument's items as questions, on its own scales, in whose codes the map is computed."""
    instrument = data.load_instrument(name)
    if not instrument.map_lines:
        raise RecipeError(f"cultural_map.ask: instrument {instrument.name} has no map; set it to false")
    return tuple(Question(i.code, i.text, i.scale, ivs=i.code, topic="value items") for i in instrument.items)


def estimate_asking(field: Fieldwork, asking: Asking, seen: set[bytes] | None = None) -> Estimate:
    """Go through the preparations without paying for anything, and count what would be.

    Args:
        field: is only looked at; nothing is sent.
        asking: who would be asked what, and how.
        seen: keys of requests that are counted elsewhere and not again; those counted here are added.
    """
    rehearsal = Rehearsal(field, asking.respondent, asking.writer, seen)
    ready = field.wait(_make_ready(asking, rehearsal.respondent, rehearsal.writer))
    written = {} if asking.descriptors.frozen else ready.descriptors
    return rehearsal.estimate(written, ready.rounds(asking.questions))


async def _ask(
    panel: Panel,
    people: Sequence[Persona],
    questions: Sequence[Question],
    on_answered: Callable[[int, int], None],
) -> PanelResult:
    """Ask, and say after every block how many of all cells it settled."""
    total = len(people) * len(questions)
    return await panel.ask(people, questions, lambda n: on_answered(n, total))


async def write_descriptors(
    asking: Asking,
    model: Model,
    variants: Collection[Variant],
    on_written: Callable[[str, int, int], None] = lambda what, n, total: None,
) -> Mapping[Variant, DescriptorTable]:
    """The descriptors of each variant, written where the recipe does not freeze them.

    Args:
        asking: of what, how, by which prompt, and without which names.
        model: writes them.
        variants: which.
        on_written: called with which descriptors they are, those just written, and how many there will be.

    Raises:
        EngineError: when the model wrote nothing for some answer.
        RecipeError: when a file of descriptors is not usable.
    """
    section = asking.descriptors
    if str(section.frozen) == REFERENCE and variants:
        return reference_tables(asking.items, variants, section.address, section.wordings)
    if section.frozen and variants:
        return read_frozen(section.frozen, asking.items, variants, section.wordings)
    overrides = read_overrides(section.overrides, asking.items, section.wordings) if section.overrides else {}
    tables = {}
    for variant in variants:
        writer = _writer(asking, variant)
        own = {(item, score, w): text for (v, item, score, w), text in overrides.items() if v == variant}
        told = partial(on_written, f"{variant} descriptors")
        tables[variant] = await writer.write_all(model, asking.items, own, asking.forbidden_names, told)
        _require_texts(tables[variant], model)
    model.require_answers()  # a persona built of what stands in for its descriptors would be another one
    return tables


def _writer(asking: Asking, variant: Variant) -> DescriptorWriter:
    section = asking.descriptors
    told = section.address, section.attempts, section.wordings, section.max_tokens
    return tuned_writer(asking.program, DescriptorWriter(variant, *told))


def needed_variants(kinds: Sequence[PersonaKind]) -> tuple[Variant, ...]:
    """The variants of descriptors that some kinds need, each once."""
    found: list[Variant] = [variant for kind in kinds if (variant := parse_kind(kind).variant)]
    return tuple(dict.fromkeys(found))


def _require_texts(table: DescriptorTable, model: Model) -> None:
    """Stop before a persona is built with a gap in it; descriptors that merely break a rule are listed."""
    if empty := [d for d in table.unmended if not d.text]:
        raise EngineError(
            f"{model.name} wrote no descriptor for {empty[0].item} = {empty[0].score:g} "
            f"({len(empty)} of {len(table.descriptors)}): {empty[0].broken_rules[0]}; name another model in "
            'descriptors.lm, set descriptors.frozen = "reference", or give the texts in descriptors.overrides'
        )


def build_personas(
    kinds: Sequence[PersonaKind], asking: Asking, descriptors: Mapping[Variant, DescriptorTable]
) -> dict[PersonaKind, tuple[Persona, ...]]:
    """Every kind's personas of every country, in the order of the samples.

    Raises:
        RecipeError: when a kind cannot be built from these samples.
    """
    sources = persona_sources(asking, descriptors)
    builders = {kind: persona_builder(kind, sources) for kind in kinds}
    return {
        kind: tuple(persona for sample in asking.samples for persona in builder.build(sample))
        for kind, builder in builders.items()
    }


def persona_sources(asking: Asking, descriptors: Mapping[Variant, DescriptorTable]) -> PersonaSources:
    """Everything that personas are built from."""
    return PersonaSources(
        asking.items,
        descriptors,
        {sample.country: sample for sample in asking.samples},
        asking.arrangement,
        asking.descriptors.address,
        asking.facts,
    )


async def open_panels(
    asking: Asking, model: Model, personas: Mapping[PersonaKind, tuple[Persona, ...]]
) -> tuple[Mapping[PersonaKind, Panel], str]:
    """The panel of each kind, and why it asks so: a forecast is asked for by a prompt of its own."""
    specs = {kind: parse_kind(kind) for kind in personas}
    played = [personas[kind][0] for kind, spec in specs.items() if not spec.forecasts]
    stated = VerbalisedDistribution()
    if not played and all(type(spec.elicited(stated)) is type(stated) for spec in specs.values()):
        way = asking.respondent.elicitation.model_copy(update={"mode": stated.name})
        section = asking.respondent.model_copy(update={"elicitation": way})
        asking = replace(asking, respondent=section)  # nobody is played, so nothing is to be found out
    somebody = played[0] if played else Persona("none", "You are a person.", 1.0, "")
    # A server that reports few alternatives can be read on a short page, and loses every long one.
    longest = max(asking.questions, key=lambda question: len(question.scale))
    panel, why = await open_panel(asking, model, somebody, longest)
    found = panel.respondent.elicitation
    return {kind: panel.asked_by(spec.elicited(found)) for kind, spec in specs.items()}, why


async def open_panel(
    asking: Asking, model: Model, persona: Persona, question: Question | None = None
) -> tuple[Panel, str]:
    """A panel that asks as the recipe says, and why it asks so.

    Args:
        asking: how, and of what.
        model: what is asked.
        persona: is asked to find out.
        question: likewise; the first when absent.
    """
    section, question = asking.respondent, question or asking.questions[0]
    how, order = section.elicitation, section.option_order
    elicitation, why = await choose_elicitation(model, how, persona, question, order)
    style = AskingStyle(section.option_order, section.offer_dont_know, section.wordings)
    respondent = tuned_respondent(asking.program, Respondent(elicitation, style))
    # The engine holds its own calls to the recipe's concurrency; as many cells again wait for the store.
    panel = Panel(model, respondent, 2 * section.concurrency)
    if elicitation.draws > 1 and model.at_once > 1:
        await panel.ask((persona,), (question,))  # one of the run's own cells, so that nothing is wasted
        why += _draws_a_call(model)
    return panel, why


def _draws_a_call(model: Model) -> str:
    """What the record says of it; nothing where the store had all draws and nobody was asked."""
    if model.gives_several is None:
        return ""
    return f"; up to {model.at_once} in one call" if model.gives_several else "; the engine gives one a call"

"""A few whole personas of one country: what they were made from, what the model sees, what it answers."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from value_personas.data import card
from value_personas.experiments.fieldwork.asking import (
    build_personas,
    needed_variants,
    open_panels,
    write_descriptors,
)
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.preparing import Asking, prepare
from value_personas.experiments.fieldwork.synthetic import in_words, synthetic_parts
from value_personas.experiments.progress.shown import Progress, shown
from value_personas.experiments.recipe.personas import PersonaKind
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs import DescriptorTable, Panel, PanelResult
from value_personas.programs.personas import parse_kind
from value_personas.signatures import Persona, RecipeError, ValueItem


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One answer that a persona was made from.

    Attributes:
        item: the item's code.
        text: what the item asks.
        answer: the answer's meaning.
        stated: the descriptor that stands for it; empty where the answer itself does.
    """

    item: str
    text: str
    answer: str
    stated: str


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """What the model answers as a persona.

    Attributes:
        question: its code.
        text: what is asked.
        labels: the options.
        probabilities: one a label; empty where there is no answer.
    """

    question: str
    text: str
    labels: tuple[str, ...]
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class InspectedPersona:
    """One persona, from its source to its answers.

    Attributes:
        kind: its kind.
        weight: the share of the country it stands for.
        text: the persona itself.
        system: the system message of its first question.
        user: the user message of its first question: what the model sees.
        source: the value answers it was made from, in the order in which it states them.
        answers: the model's answers; empty unless they were asked for.
    """

    kind: str
    weight: float
    text: str
    system: str
    user: str
    source: tuple[SourceLine, ...]
    answers: tuple[AnswerLine, ...]


@dataclass(frozen=True, slots=True)
class Inspection:
    """Some of a country's personas.

    Attributes:
        title: the heading, with the word synthetic where it is due.
        country: its name.
        of: how many personas of the kind the country has.
        personas: those shown, evenly spread over all.
    """

    title: str
    country: str
    of: int
    personas: tuple[InspectedPersona, ...]

    def __repr__(self) -> str:
        return f"<Inspection {self.title}: {len(self.personas)} of {self.of} personas>"

    def _repr_html_(self) -> str:
        rows = [{"kind": p.kind, "weight": p.weight, "persona": p.text} for p in self.personas]
        return card(self.title, pd.DataFrame(rows), notes=(f"{len(rows)} of {self.of} personas",))

    def to_json(self) -> str:
        """One JSON object of everything."""
        return json.dumps(asdict(self), ensure_ascii=False)


def inspect_personas(  # each is a choice of the person who looks
    recipe: Recipe,
    country: str | None = None,
    kind: PersonaKind | None = None,
    n: int = 3,
    answers: bool = False,
    progress: Progress = True,
) -> Inspection:
    """Build a recipe's personas of one country and take a few out.

    Args:
        recipe: as it would be run.
        country: a code or a name; the first country of the survey when absent.
        kind: a persona kind of the recipe; its last one that states values when absent.
        n: how many.
        answers: whether the model is asked every target question as each of them.
        progress: True shows it, in the notebook's cell or on stderr; False does not; a reporter is told.

    Raises:
        RecipeError: for a country or kind that the recipe does not have.
    """
    with (
        shown(progress) as reporter,
        Fieldwork(Workspace.open(recipe.workspace), reporter.note, recipe.store) as field,
    ):
        reporter.stage("reading the survey")
        ready = prepare(field, recipe)
        sample = ready.populations.of(country or ready.survey.countries[0])
        chosen = kind or _default_kind(recipe.personas)
        if chosen not in recipe.personas:
            raise RecipeError(f"kind {chosen!r} is not in the recipe; it has {', '.join(recipe.personas)}")
        reporter.stage(f"building {chosen}")
        job = _Job(ready.asking, sample.country, chosen, n, answers)
        personas, of = field.wait(job.run(field, reporter.answered))
    synthetic = synthetic_parts(recipe.respondent.lm, ready.survey)
    warning = f" · synthetic {in_words(synthetic)}" if synthetic else ""
    return Inspection(f"{recipe.name} · {chosen} · {sample.name}{warning}", sample.name, of, personas)


@dataclass(frozen=True, slots=True)
class _Job:
    """What is built, and for whom it is asked."""

    asking: Asking
    country: str
    kind: PersonaKind
    n: int
    answers: bool

    async def run(
        self, field: Fieldwork, on_answered: Callable[[str, int, int], None]
    ) -> tuple[tuple[InspectedPersona, ...], int]:
        """The personas, and how many there are in all."""
        asking = self.asking
        model, writer = field.model(asking.respondent), field.model(asking.writer)
        tables = await write_descriptors(asking, writer, needed_variants([self.kind]))
        everybody = build_personas([self.kind], asking, tables)[self.kind]
        home = [persona for persona in everybody if persona.country == self.country]
        shown = [home[i] for i in np.linspace(0, len(home) - 1, min(self.n, len(home))).round().astype(int)]
        panels, _ = await open_panels(asking, model, {self.kind: everybody})
        panel = panels[self.kind]
        told = await self._answers(panel, shown, on_answered)
        table = next(iter(tables.values()), None)
        inspected = tuple(
            self._inspected(persona, panel, table, lines) for persona, lines in zip(shown, told, strict=True)
        )
        return inspected, len(home)

    async def _answers(
        self, panel: Panel, shown: Sequence[Persona], on_answered: Callable[[str, int, int], None]
    ) -> list[tuple[AnswerLine, ...]]:
        if not self.answers:
            return [() for _ in shown]
        total = len(shown) * len(self.asking.questions)
        result = await panel.ask(shown, self.asking.questions, lambda n: on_answered(self.kind, n, total))
        return [_answer_lines(result, row) for row in range(len(shown))]

    def _inspected(
        self, persona: Persona, panel: Panel, table: DescriptorTable | None, lines: tuple[AnswerLine, ...]
    ) -> InspectedPersona:
        system, user = panel.first_prompt(persona, self.asking.questions[0])
        source = _source(persona, self.asking.items, table)
        return InspectedPersona(self.kind, persona.weight, persona.text, system, user, source, lines)


def _default_kind(kinds: Sequence[PersonaKind]) -> PersonaKind:
    of_values = [kind for kind in kinds if parse_kind(kind).states_values]
    return (of_values or list(kinds))[-1]


def _source(
    persona: Persona, items: Sequence[ValueItem], table: DescriptorTable | None
) -> tuple[SourceLine, ...]:
    if persona.profile is None:
        return ()
    by_code, answers = {item.code: item for item in items}, persona.profile.as_dict()
    lines = []
    for code, wording in zip(persona.order, persona.wordings, strict=True):
        item, score = by_code[code], answers[code]
        stated = table.text(code, score, wording) if table else ""
        label = item.scale.labels[item.scale.index_of(score)]
        lines.append(SourceLine(code, item.text, label, stated))
    return tuple(lines)


def _answer_lines(result: PanelResult, row: int) -> tuple[AnswerLine, ...]:
    lines = []
    for column, question in enumerate(result.questions):
        p = np.exp(result.log_p[row, column, : len(question.scale)])
        known = result.missing[row, column] < 0
        told = tuple(p.tolist()) if known else ()
        lines.append(AnswerLine(question.code, question.text, question.scale.labels, told))
    return tuple(lines)

"""One tuning: the models behind one meter, the program that is tuned, and its reward."""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import dspy

from value_personas.experiments.evaluation.fitted import UNCALIBRATED, study_calibration
from value_personas.experiments.evaluation.predicting import estimate_of
from value_personas.experiments.fieldwork.asking import open_panel
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.preparing import Asking
from value_personas.experiments.fieldwork.prompt_file import TunedProgram
from value_personas.experiments.fieldwork.tuned_prompts import tuned_writer
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.tracking import calibration_file
from value_personas.experiments.tuning.journal import AttemptJournal
from value_personas.experiments.tuning.ledger import Ledger
from value_personas.experiments.tuning.meter import Meter
from value_personas.experiments.tuning.metered import MeteredEngine, MeteredModel
from value_personas.experiments.tuning.metric import CellMetric, FeedbackMetric
from value_personas.experiments.tuning.probing import DescriptorProbe
from value_personas.experiments.tuning.watched import (
    ProgramTable,
    TaughtProgram,
    TuningStopped,
    WatchedProgram,
)
from value_personas.programs import DescriptorWriter, EngineSettings, Surroundings, signature_of
from value_personas.programs.personas import parse_kind
from value_personas.signatures import Persona, RecipeError


class TuningSession:
    """Everything a tuning holds in its hands while it runs.

    Args:
        recipe: what is tuned, and how.
        asking: the sampled populations and the questions; no answer of the survey is in here.
        field: holds the store, and opens the models.
        journal: keeps every attempt.
        on_evaluation: told of the calls used and the cells evaluated so far.
    """

    def __init__(
        self,
        recipe: Recipe,
        asking: Asking,
        field: Fieldwork,
        journal: AttemptJournal,
        on_evaluation: Callable[[int, int], None] = lambda calls, n: None,
    ) -> None:
        self.recipe = recipe
        section = recipe.tuning
        self.meter = Meter(section.budget_calls, section.budget_cost, journal)
        self._field = field
        self.respondent = self._metered(recipe.respondent)
        self.writer = self._metered(recipe.writer)
        self.proposer = self._metered(section.proposer or recipe.respondent)
        way, questions = recipe.respondent.elicitation, asking.questions
        self.calibration = UNCALIBRATED
        if section.calibrated:
            fitted = calibration_file(recipe)
            self.calibration = study_calibration(recipe.calibration, fitted, way, questions)
        self.table = ProgramTable()
        self.ledger = Ledger(lambda: self.meter.calls, on_evaluation)
        self.program = self._build(asking)
        probe = DescriptorProbe(self.respondent, asking.items, way, self.table, section.feedback_descriptors)
        self.metric = CellMetric(
            section.metric, self.program.surroundings.questions, self.ledger, probe.spill_over
        )
        self.feedback = FeedbackMetric(self.metric, probe)

    def _metered(self, settings: EngineSettings) -> MeteredModel:
        """A model that can neither alone nor with the others pass the budget."""
        model = self._field.model(settings, lambda engine: MeteredEngine(engine, self.meter, settings.prices))
        return MeteredModel(model, self.meter, settings, self.recipe.tuning.proposal_tokens)

    def _build(self, asking: Asking) -> WatchedProgram:
        recipe, section = self.recipe, self.recipe.tuning
        if "respondent" in section.tunes and recipe.respondent.wordings:
            raise RecipeError(
                "tuning.tunes: respondent.wordings stand in place of the prompt that would be tuned; leave "
                "one of them out"
            )
        somebody = Persona("none", "You are a person.", 1.0, "")
        panel, _ = self._field.wait(open_panel(asking, self.respondent, somebody))
        around = self._surroundings(asking, panel.concurrency)
        writer, tunes_respondent = self._first_writer(asking.program), "respondent" in section.tunes
        return WatchedProgram(writer, panel.respondent, around, self.table, tunes_respondent)

    def _first_writer(self, tuned: TunedProgram | None) -> DescriptorWriter:
        """Who writes by the prompt that is to be improved."""
        written, section = self.recipe.descriptors, self.recipe.tuning
        variant = parse_kind(section.kind).variant
        if variant is None:
            raise RecipeError(f"tuning.kind: {section.kind} carries no descriptors")
        how = written.address, written.attempts, written.wordings, written.max_tokens
        writer = DescriptorWriter(variant, *how)
        tuned_writer(tuned, writer)
        if section.instruction is not None:
            writer.write.signature = signature_of(writer.write).with_instructions(section.instruction)
        return writer

    def _surroundings(self, asking: Asking, concurrency: int) -> Surroundings:
        recipe, section = self.recipe, self.recipe.tuning
        return Surroundings(
            writer=self.writer,
            respondent=self.respondent,
            samples={sample.country: sample for sample in asking.samples},
            items=asking.items,
            questions={question.code: question for question in asking.questions},
            kind=section.kind,
            arrangement=asking.arrangement,
            forbidden_names=asking.forbidden_names,
            average=partial(
                estimate_of, setting=self.calibration.setting, max_missing=recipe.respondent.max_missing
            ),
            concurrency=concurrency,
            max_characters=section.max_characters,
        )

    def teacher(self, student: WatchedProgram) -> TaughtProgram | None:
        """The program that writes demonstrations, where the recipe has one."""
        instruction = self.recipe.tuning.teacher
        if instruction is None:
            return None
        writer = student.writer.deepcopy()
        writer.write.signature = signature_of(writer.write).with_instructions(instruction)
        return TaughtProgram(student.deepcopy(), writer, ProgramTable())

    def evaluate(self, program: WatchedProgram, examples: list[dspy.Example]) -> None:
        """Enter a program's reward on every example in the ledger.

        Raises:
            ValuePersonasError: when nothing can be asked any more.
        """
        try:
            for example in examples:
                self.metric(example, program(**example.inputs()))
        except TuningStopped as stop:
            raise stop.reason from None

    @contextlib.contextmanager
    def quiet(self, log: Path) -> Iterator[None]:
        """DSPy's settings for the search; its bars and prints go to a file."""
        settings = dspy.context(lm=self.writer.lm, adapter=dspy.ChatAdapter(), disable_history=True, trace=[])
        with (
            log.open("a", encoding="utf-8") as file,
            contextlib.redirect_stdout(file),
            contextlib.redirect_stderr(file),
            settings,
        ):
            yield

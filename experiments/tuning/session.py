"""One tuning: the models behind one meter, the program, its examples and the choice among candidates."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import dspy

import data
from experiments.asking import country_names, open_panel
from experiments.config import Recipe
from experiments.population_stage import Populations
from experiments.tuned_programs import tuned_writer
from experiments.tuning.ledger import Ledger
from experiments.tuning.meter import Meter, MeteredModel
from experiments.tuning.metric import CellMetric, FeedbackMetric
from experiments.tuning.optimizers import OPTIMIZE, OptimizerTask
from experiments.tuning.probing import DescriptorProbe
from experiments.tuning.program_table import ProgramTable
from experiments.tuning.splitting import LearningCells, TuningCells
from experiments.tuning.stopping import TuningStopped
from experiments.tuning.watched import TaughtProgram, WatchedProgram
from programs.descriptor_writer import DescriptorWriter
from programs.elicitation import ElicitationSettings
from programs.engines import EngineSettings, connect
from programs.engines.threads import run_in_background
from programs.personas import Arrangement, parse_kind
from programs.population_program import Surroundings
from programs.replies import AnswerStore
from signatures import BudgetError, Persona, RecipeError, ValueItem

__all__ = ["Search", "TuningSession"]

Cell = tuple[str, str]


@dataclass(frozen=True)
class Search:
    """How a search ended.

    Attributes:
        original: the program as it was given.
        chosen: the best on validation; the original where nothing beats it.
        finalists: candidates that were judged on all validation cells, the original first.
        stopped: why the optimiser did not come to its own end, if so.
    """

    original: WatchedProgram
    chosen: WatchedProgram
    finalists: tuple[str, ...]
    stopped: str | None


class TuningSession:
    """Everything a tuning holds in its hands while it runs.

    Args:
        recipe: what is tuned, and how.
        populations: the sampled population of each country.
        items: of the profiles.
        survey: for its questions' texts alone; no answer is read here.
        store: keeps every reply.
        on_evaluation: told of the calls used and the cells evaluated so far.
    """

    def __init__(
        self,
        recipe: Recipe,
        populations: Populations,
        items: tuple[ValueItem, ...],
        survey: data.Survey,
        store: AnswerStore,
        on_evaluation: Callable[[int, int], None] = lambda calls, n: None,
    ) -> None:
        self.recipe = recipe
        section = recipe.tuning
        self.meter = Meter(section.budget_calls, section.budget_cost)
        self.respondent = self._connect(recipe.respondent, store)
        writer, proposer = recipe.descriptors.lm, section.proposer
        self.writer = self._connect(writer, store) if writer else self.respondent
        self.proposer = self._connect(proposer, store) if proposer else self.respondent
        self.table = ProgramTable()
        self._returned: str | None = None
        self.ledger = Ledger(lambda: self.meter.calls, on_evaluation)
        self.program, self.elicitation = self._build(populations, items, survey)
        way = recipe.respondent.elicitation
        reading = ElicitationSettings(way.mode, way.min_label_mass, way.draws)
        probe = DescriptorProbe(self.respondent, items, reading, self.table, section.feedback_descriptors)
        self.metric = CellMetric(
            section.metric, self.program.surroundings.questions, self.ledger, probe.spill_over
        )
        self.feedback = FeedbackMetric(self.metric, probe)

    def _connect(self, settings: EngineSettings, store: AnswerStore) -> MeteredModel:
        """A model that can neither alone nor with the others pass the budget."""
        section = self.recipe.tuning
        limits = [n for n in (settings.max_calls, section.budget_calls) if n is not None]
        capped = settings.model_copy(update={"max_calls": min(limits)})
        return MeteredModel(connect(capped, store), self.meter, settings.prices)

    def _build(
        self, populations: Populations, items: tuple[ValueItem, ...], survey: data.Survey
    ) -> tuple[WatchedProgram, str]:
        recipe, section, text = self.recipe, self.recipe.tuning, self.recipe.persona_text
        variant = parse_kind(section.kind).variant
        if variant is None:
            raise RecipeError(f"tuning.kind: {section.kind} carries no descriptors")
        written = recipe.descriptors
        writer = DescriptorWriter(variant, written.address, written.attempts, written.wordings)
        tuned_writer(recipe, writer)
        if section.instruction is not None:
            writer.write.signature = writer.write.signature.with_instructions(section.instruction)
        first = survey.questions[0]
        somebody = Persona("none", "You are a person.", 1.0, "")
        panel, why = run_in_background(open_panel(recipe, self.respondent, somebody, first))
        drawn = written.wordings > 1 or text.order in ("both", "shuffled")
        surroundings = Surroundings(
            writer=self.writer,
            respondent=self.respondent,
            samples={sample.country: sample for sample in populations.samples},
            items=items,
            questions={question.code: question for question in survey.questions},
            kind=section.kind,
            arrangement=Arrangement(
                text.order, written.wordings, text.replicates or (2 if drawn else 1), recipe.seed
            ),
            forbidden_names=country_names(survey),
            temperature=recipe.calibration.temperature if section.calibrated else None,
            max_missing=recipe.respondent.max_missing,
            concurrency=panel.concurrency,
            max_characters=section.max_characters,
        )
        tunes_respondent = "respondent" in section.tunes
        return WatchedProgram(writer, panel.respondent, surroundings, self.table, tunes_respondent), why

    def calls_of(self, cells: Sequence[Cell]) -> int:
        """The calls by which cells are predicted anew, at most, once descriptors are written."""
        around, respondent = self.program.surroundings, self.program.respondent
        texts, total = around.arrangement.texts_a_person, 0
        for country, code in cells:
            forms = len(respondent.style.forms(around.questions[code], 0)) * len(respondent.signatures)
            personas = len(around.samples[country].profiles) * texts
            total += personas * forms * (respondent.elicitation.draws + respondent.elicitation.redraws)
        return total

    @property
    def descriptor_calls(self) -> int:
        """The calls by which a new prompt's descriptors are written, each kept to the rules at once."""
        return sum(len(item.scale) for item in self.program.surroundings.items) * self.program.writer.wordings

    def plan(self, cells: TuningCells) -> int:
        """Set the calls of the last judgement aside.

        Returns:
            The calls that are left for the search.

        Raises:
            RecipeError: when the budget does not allow a single candidate beside the original.
        """
        section = self.recipe.tuning
        learning = self.calls_of(cells.seen)
        kept = 2 * self.calls_of(cells.held_out) + section.finalists * (learning + self.descriptor_calls)
        first = self.descriptor_calls + learning
        least = self.meter.calls + kept + first + self.descriptor_calls
        if section.budget_calls < least:
            raise RecipeError(
                f"tuning.budget_calls = {section.budget_calls} is under one evaluation: the original prompt, "
                f"one candidate and the last judgement take {least} calls; raise it, or lower profiles.n, "
                "tuning.finalists or the numbers of cells"
            )
        self.meter.limit = section.budget_calls - kept
        return section.budget_calls - kept - first - self.meter.calls

    def search(self, cells: TuningCells, log: Path) -> Search:
        """Evaluate the original, let the optimiser work, and choose on validation.

        Args:
            cells: what may be learnt from.
            log: what the optimiser prints.

        Raises:
            ValuePersonasError: when nothing can be asked any more.
        """
        calls = self.plan(cells)
        original = self.program.deepcopy()
        if problems := original.problems:
            raise RecipeError(f"tuning.instruction: {problems[0]}")
        with self._quiet(log):
            training, validation = (
                self.examples(cells.training),
                self.examples(cells.validation, "validation"),
            )
            for example in (*training, *validation):
                self.metric(example, self._predict(original, example))
            stopped = self._optimise(self._task(original, cells, training, validation, calls))
            self.meter.limit = self.meter.max_calls - 2 * self.calls_of(cells.held_out)
            finalists = self._finalists(original.candidate)
            chosen = self._choose(original, finalists, cells, (*training, *validation))
            self.meter.limit = self.meter.max_calls
        return Search(original, chosen, (original.candidate, *finalists), stopped)

    def examples(self, cells: LearningCells, part: str = "training") -> list[dspy.Example]:
        """One example a cell: country and question go in, the human side is for the metric."""
        return [
            dspy.Example(
                country=country,
                question=code,
                human=[float(p) for p in cells.view.distribution(code, country)],
                floor=float(cells.floor[country, code]),
                part=part,
            ).with_inputs("country", "question")
            for country, code in cells.cells
        ]

    def close(self) -> None:
        """Close the models' connections, which belong to the background loop."""
        for model in {id(m): m for m in (self.respondent, self.writer, self.proposer)}.values():
            run_in_background(model.aclose())

    def _task(
        self,
        original: WatchedProgram,
        cells: TuningCells,
        training: list[dspy.Example],
        validation: list[dspy.Example],
        calls: int,
    ) -> OptimizerTask:
        section = self.recipe.tuning
        return OptimizerTask(
            student=original.deepcopy(),
            training=training,
            validation=validation,
            metric=self.metric,
            feedback=self.feedback,
            proposer=self.proposer.lm,
            teacher=self._teacher(original),
            demonstrations=section.demonstrations,
            threshold=self.ledger.mean(original.candidate, cells.training.cells),
            calls=calls,
            descriptor_calls=self.descriptor_calls,
            training_calls=self.calls_of(cells.training.cells),
            validation_calls=self.calls_of(cells.validation.cells),
            seed=self.recipe.seed,
        )

    def _teacher(self, student: WatchedProgram) -> TaughtProgram | None:
        section = self.recipe.tuning
        if section.teacher is None:
            return None
        writer = student.writer.deepcopy()
        writer.write.signature = writer.write.signature.with_instructions(section.teacher)
        return TaughtProgram(student.deepcopy(), writer, ProgramTable())

    def _optimise(self, task: OptimizerTask) -> str | None:
        """Run the optimiser; what it returns is a candidate like any other, entered in the table."""
        try:
            best = OPTIMIZE[self.recipe.tuning.optimizer](task)
        except TuningStopped as stop:
            if not isinstance(stop.reason, BudgetError):
                raise stop.reason from None
            return str(stop.reason)
        except BudgetError as error:  # met by the proposer, outside of any program
            return str(error)
        self.table.enter(best)
        self._returned = best.candidate
        return None

    def _finalists(self, original: str) -> tuple[str, ...]:
        """What the optimiser returned, and the candidates with the largest paired gain so far."""
        returned = self._returned or original
        known = [c for c in self.ledger.candidates if c != original and self.table.get(c) is not None]
        sound = [c for c in known if c not in self.ledger.rejected]
        by_gain = sorted(sound, key=lambda c: -self.ledger.gain(c, original))
        first = [returned] if returned not in (original, *self.ledger.rejected) else []
        return tuple(dict.fromkeys([*first, *by_gain]))[: self.recipe.tuning.finalists]

    def _choose(
        self,
        original: WatchedProgram,
        finalists: Sequence[str],
        cells: TuningCells,
        examples: Sequence[dspy.Example],
    ) -> WatchedProgram:
        """The best mean on all validation cells; the original wins ties."""
        best, most = original, self.ledger.mean(original.candidate, cells.validation.cells)
        for candidate in finalists:
            program = self.table.get(candidate)
            if not isinstance(program, WatchedProgram):
                continue
            # What cannot be judged on every cell is not chosen: its mean is NaN.
            with contextlib.suppress(BudgetError):
                for example in examples:
                    self.metric(example, self._predict(program, example))
            mean = self.ledger.mean(candidate, cells.validation.cells)
            if mean > most + 1e-12:
                best, most = program, mean
        return best

    def _predict(self, program: WatchedProgram, example: dspy.Example) -> dspy.Prediction:
        try:
            return program(**example.inputs())
        except TuningStopped as stop:
            raise stop.reason from None

    @contextlib.contextmanager
    def _quiet(self, log: Path) -> Iterator[None]:
        """DSPy's settings for the search; its bars and prints go to a file."""
        settings = dspy.context(lm=self.writer.lm, disable_history=True, trace=[])
        with (
            log.open("a", encoding="utf-8") as file,
            contextlib.redirect_stdout(file),
            contextlib.redirect_stderr(file),
            settings,
        ):
            yield

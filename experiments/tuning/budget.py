"""What a tuning must be able to pay for before it begins: the original, one candidate, the last judgement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from value_personas.experiments.recipe.tuning import TuningSettings
from value_personas.experiments.tuning.meter import Meter
from value_personas.experiments.tuning.metered import MeteredModel
from value_personas.experiments.tuning.probing import PROBED
from value_personas.experiments.tuning.splitting import TuningCells
from value_personas.programs import PopulationProgram
from value_personas.programs.engines import EngineSettings, engine_kind
from value_personas.signatures import RecipeError

Cell = tuple[str, str]


def gepa_minibatch(options: Mapping[str, Any], training: int) -> int:
    """Cells a reflection of GEPA looks at, of so many training cells."""
    return int(options.get("reflection_minibatch_size", min(3, training)))


def gepa_least(minibatch: int, validation: int) -> int:
    """The least budget of GEPA in metric calls: |validation| + 3·(minibatch + |validation|).

    The original on every validation cell, then three candidates, each on a minibatch and on all of them.
    """
    return validation + 3 * (minibatch + validation)


@dataclass(frozen=True)
class CallPlan:
    """Calls at most, once every reply came at the first attempt.

    Attributes:
        training: that predict the training cells anew.
        validation: the same of the validation cells.
        held_out: the same of the held-out cells.
        descriptors: that write the descriptors of a prompt, each kept to the rules at once.
        probes: that find a candidate's spill-over; 0 where it is not penalised.
        finalists: candidates that are judged on every cell.
        first: the least that an optimiser is given to search with.
        search_of: that search in words.
        why: how it was counted, where it is more than a look at one candidate.
    """

    training: int
    validation: int
    held_out: int
    descriptors: int
    probes: int
    finalists: int
    first: int
    search_of: str = "one candidate"
    why: str = ""

    @property
    def candidate(self) -> int:
        """A candidate on every cell that may be learnt from."""
        return self.descriptors + self.probes + self.training + self.validation

    @property
    def judgement(self) -> int:
        """Both programs on held-out cells."""
        return 2 * self.held_out

    @property
    def kept(self) -> int:
        """Set aside before the search: every finalist, and the judgement."""
        return self.finalists * self.candidate + self.judgement

    def search(self, meter: Meter) -> int:
        """Set the calls of the end aside.

        Returns:
            The calls that are left for the optimiser.

        Raises:
            RecipeError: when the budget does not allow a single candidate beside the original.
        """
        least = meter.calls + self.kept + self.candidate + self.first
        if meter.max_calls < least:
            raise RecipeError(
                f"tuning.budget_calls = {meter.max_calls} is under one evaluation: the original prompt, "
                f"{self.search_of} and the last judgement take {least} calls; raise it, or lower profiles.n, "
                f"tuning.finalists or the numbers of cells{self.why}"
            )
        meter.keep_back(self.kept)
        return meter.max_calls - self.kept - self.candidate - meter.calls

    def keep_money(self, meter: Meter, respondent: MeteredModel, writer: MeteredModel) -> None:
        """Set the money of the end aside too, at the prices of the dearest replies so far.

        Raises:
            RecipeError: when too little is left for it.
        """
        if meter.max_cost is None:
            return
        written = self.finalists * self.descriptors
        kept = (self.kept - written) * respondent.dearest + written * writer.dearest
        kept += max(respondent.in_flight, writer.in_flight)
        if meter.spent + kept > meter.max_cost:
            raise RecipeError(
                f"tuning.budget_cost = {meter.max_cost:g} is under one evaluation: the original prompt took "
                f"{meter.spent:.4g}, and one candidate with the last judgement may take {kept:.4g}; "
                "raise it and run again to go on"
            )
        meter.keep_back(self.kept, kept)

    def keep_judgement(self, meter: Meter, respondent: MeteredModel) -> None:
        """The search is over: its finalists may use everything but the judgement."""
        meter.keep_back(self.judgement, self.judgement * respondent.dearest + respondent.in_flight)


def plan_calls(section: TuningSettings, program: PopulationProgram, cells: TuningCells) -> CallPlan:
    """Count what a program asks of each part of the cells.

    Raises:
        RecipeError: when GEPA is allowed fewer metric calls than its least.
    """
    around, way = program.surroundings, program.respondent.elicitation
    an_answer = way.draws + way.redraws
    # The reader of a statement is first asked how it answers, then every item.
    statements = PROBED + 1 if section.metric.spill_over else 0
    descriptors = sum(len(item.scale) for item in around.items) * program.writer.wordings
    probes = statements * (1 + len(around.items) * an_answer)
    training = _calls(program, cells.training.cells, an_answer)
    validation = _calls(program, cells.validation.cells, an_answer)
    first, search_of, why = descriptors + probes + training, "one candidate", ""
    learnt, chosen = len(cells.training.cells), len(cells.validation.cells)
    if section.optimizer == "miprov2":  # it looks at the data, and writes every proposal in three calls
        first += (
            validation - training - (-learnt // 3) + 1 + 3 * int(section.options.get("num_candidates", 3))
        )
    if section.optimizer == "gepa":
        batch = gepa_minibatch(section.options, learnt)
        least = gepa_least(batch, chosen)
        parts = f"{chosen} validation cells + 3·({batch} of a minibatch + {chosen})"
        why = f" (GEPA: {least} metric calls = {parts})"
        told = batch * section.feedback_descriptors * len(around.items) * an_answer
        search_of = "three candidates"
        first = 3 * (descriptors + probes + told + 1 + validation + batch * -(-training // learnt))
        first += (1 + len(around.items) * an_answer) if told else 0
        given = section.options.get("max_metric_calls", least)
        if given < least:
            raise RecipeError(
                f"tuning.options.max_metric_calls = {given} is under {least}, GEPA's least{why}"
            )
    return CallPlan(
        training=training,
        validation=validation,
        held_out=_calls(program, cells.held_out, an_answer),
        descriptors=descriptors,
        probes=probes,
        finalists=section.finalists,
        first=first,
        search_of=search_of,
        why=why,
    )


def _calls(program: PopulationProgram, cells: Sequence[Cell], an_answer: int) -> int:
    around, respondent, total = program.surroundings, program.respondent, 0
    for country, code in cells:
        forms = len(respondent.style.forms(around.questions[code], 0)) * len(respondent.signatures)
        personas = len(around.samples[country].profiles) * around.arrangement.texts_a_person
        total += personas * forms * an_answer
    return total


def need_prices(section: TuningSettings, respondent: EngineSettings, writer: EngineSettings | None) -> None:
    """Refuse a limit of money that nothing is counted against.

    Args:
        section: the limit, and the model that proposes prompts.
        respondent: the model that answers.
        writer: the model that writes descriptors, where it is another.

    Raises:
        RecipeError: when a model that costs money has no prices, or none has any.
    """
    if section.budget_cost is None:
        return
    sections: dict[str, EngineSettings | None] = {
        "respondent": respondent,
        "descriptors.lm": writer,
        "tuning.proposer": section.proposer,
    }
    used = {name: settings for name, settings in sections.items() if settings is not None}
    unpriced = [n for n, s in used.items() if s.prices is None and not engine_kind(s.lm).is_free]
    if not any(settings.prices for settings in used.values()):
        unpriced.append("respondent")
    if unpriced:
        raise RecipeError(
            f"tuning.budget_cost = {section.budget_cost:g} needs the price of {used[unpriced[0]].lm}; "
            f"set {unpriced[0]}.prices.input_per_million and {unpriced[0]}.prices.output_per_million"
        )

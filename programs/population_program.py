"""The whole method as one program that DSPy's optimisers can tune: (country, question) → distribution."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, cast

import dspy
import numpy as np
from dspy.lm15 import Request

from value_personas.programs.descriptor_writer import Descriptor, DescriptorTable, DescriptorWriter
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.replies import Reply, reply_key
from value_personas.programs.engines.threads import run_in_background
from value_personas.programs.panel import Panel
from value_personas.programs.panel_result import PanelResult
from value_personas.programs.personas import Arrangement, PersonaSources, PopulationSample, persona_builder
from value_personas.programs.population import PopulationEstimate, estimate_populations
from value_personas.programs.prompt_rules import MAX_CHARACTERS, proposal_problems
from value_personas.programs.rendering import signature_of
from value_personas.programs.respondent import Respondent, form_values
from value_personas.signatures import Persona, Question, ValueItem

__all__ = ["PopulationProgram", "Surroundings"]


def _as_answered(answers: PanelResult) -> PopulationEstimate:
    return estimate_populations(answers.personas, answers.questions, answers.log_p)


@dataclass(eq=False)
class Surroundings:
    """What a program needs besides its prompts. Copies of a program, of which optimisers make many, share it.

    Attributes:
        writer: writes descriptors.
        respondent: answers.
        samples: country → its sampled population: common personas for every candidate.
        items: the items of the profiles.
        questions: code → question.
        kind: the kind of persona, which must carry descriptors.
        arrangement: order and wordings of the items.
        forbidden_names: country names that no descriptor may speak.
        average: makes the estimate of the answers, calibrated or not.
        concurrency: cells in flight at once.
        max_characters: the longest instruction that is tried.
    """

    writer: Model
    respondent: Model
    samples: Mapping[str, PopulationSample]
    items: tuple[ValueItem, ...]
    questions: Mapping[str, Question]
    kind: str
    arrangement: Arrangement
    forbidden_names: tuple[str, ...] = ()
    average: Callable[[PanelResult], PopulationEstimate] = _as_answered
    concurrency: int = 16
    max_characters: int = MAX_CHARACTERS
    tables: dict[tuple[str, int], DescriptorTable] = field(default_factory=dict, repr=False)
    predictions: dict[tuple[str, int, str, str], dspy.Prediction] = field(default_factory=dict, repr=False)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Surroundings":
        """The same object: what was written or predicted once serves every copy."""
        return self


_TRACED = 6
"""Descriptors of a country that a trace shows: enough to learn from, few enough to be read."""


class PopulationProgram(dspy.Module):
    """Predict how a country's people answer a question, through descriptors, personas and a panel.

    It asks in bulk and through the answer store, so that a candidate pays only for what it changes; each
    call leaves the trace that DSPy's own predictors would have left. A prompt that breaks a rule is not
    asked: its prediction says why.

    Attributes:
        writer: (item, answer) → descriptor; ``writer.write`` may be tuned.
        respondent: persona × question → answer; ``respondent.answer`` may be tuned where it is not frozen.
        surroundings: models, sampled populations and questions.

    Example:
        >>> program = PopulationProgram(DescriptorWriter("hedged"), Respondent(FirstTokenLogprobs()), around)
        >>> program(country="XNA", question="Q29").distribution
        [0.21, 0.33, 0.29, 0.17]
    """

    def __init__(
        self,
        writer: DescriptorWriter,
        respondent: Respondent,
        surroundings: Surroundings,
        tunes_respondent: bool = False,
    ) -> None:
        super().__init__()
        self.writer = writer
        self.respondent = respondent
        self.surroundings = surroundings
        # DSPy leaves a compiled sub-module alone: its predictors are no parameters of this program.
        self.respondent._compiled = not tunes_respondent
        self._declared = {name: signature_of(p) for name, p in self.named_predictors()}

    @property
    def prompts(self) -> dict[str, dict[str, Any]]:
        """Predictor → its instruction and demonstrations: all that tuning may change."""
        return {name: _prompt(p) for name, p in self.named_predictors()}

    @property
    def scribe(self) -> DescriptorWriter:
        """Who writes the descriptors; a teacher may, for demonstrations."""
        return self.writer

    @property
    def candidate(self) -> str:
        """Twelve hexadecimal digits that change with any prompt."""
        return _digest(self.prompts)

    @property
    def problems(self) -> tuple[str, ...]:
        """Why the prompts cannot be asked; empty when they can."""
        longest = self.surroundings.max_characters
        return tuple(
            f"{name}: {problem}"
            for name, p in self.named_predictors()
            for problem in proposal_problems(signature_of(p), self._declared[name], longest)
        )

    def forward(self, country: str, question: str) -> dspy.Prediction:
        """Predict one cell.

        Args:
            country: a code that the surroundings hold a sample of.
            question: a code of theirs.

        Returns:
            ``distribution``, the K probabilities, None where too many answers are missing or the prompts are
            rejected; ``rejected``, why; ``missing_share``; ``words``, the mean length of the descriptors;
            ``candidate`` and ``rollout``, which prompts and which draw of the descriptors it rests on.

        Raises:
            EngineError: when the engine cannot answer at all, or a limit is reached.
        """
        rollout = self._rollout
        if self.problems:
            return _rejected(self.candidate, rollout, self.problems[0])
        predictions, cell = self.surroundings.predictions, (self.candidate, rollout, country, question)
        if cell not in predictions:
            predictions[cell] = run_in_background(self._predict(*cell))
        if predictions[cell].rejected is None:
            self._leave_trace(country, question, rollout)
        return predictions[cell]

    def answers(self, country: str, question: str) -> PanelResult:
        """Every persona's answer to one question, before any calibration: what a prediction averages."""
        return run_in_background(self._ask(self.descriptors(), country, question))

    def descriptors(self, rollout: int = 0) -> DescriptorTable:
        """The descriptors that these prompts lead to, written where they are not yet."""
        return run_in_background(self._write(rollout))

    def concerned(self, country: str, rollout: int = 0) -> tuple[Descriptor, ...]:
        """The descriptors that most of a country's personas carry: one an item, the heaviest first."""
        sample, table = self.surroundings.samples[country], self.descriptors(rollout)
        weights: dict[tuple[str, float], float] = {}
        for profile, weight in zip(sample.profiles, sample.weights, strict=True):
            for answer in zip(profile.items, profile.answers, strict=True):
                weights[answer] = weights.get(answer, 0.0) + weight
        by_weight = sorted(weights, key=lambda answer: -weights[answer])
        heaviest: dict[str, float] = {}
        for item, score in by_weight:
            heaviest.setdefault(item, score)
        by_answer = {(d.item, d.score): d for d in table.descriptors if d.wording == 0}
        return tuple(by_answer[answer] for answer in heaviest.items())[:_TRACED]

    @property
    def _rollout(self) -> int:
        """Which draw of the descriptors the optimiser wants, as DSPy numbers them."""
        lm = self.writer.write.lm or dspy.settings.lm
        return int((lm.kwargs.get("rollout_id") if lm is not None else None) or 0)

    async def _predict(self, candidate: str, rollout: int, country: str, code: str) -> dspy.Prediction:
        table = await self._write(rollout)
        if empty := [d for d in table.unmended if not d.text]:
            unwritten = f"no descriptor was written for {empty[0].item} = {empty[0].score:g}"
            return _rejected(candidate, rollout, unwritten)
        answers = await self._ask(table, country, code)
        words = [len(d.text.split()) for d in table.descriptors]
        return dspy.Prediction(
            distribution=self._estimate(answers),
            missing_share=float((answers.missing >= 0).mean()),
            words=float(np.mean(words)),
            rejected=None,
            candidate=candidate,
            rollout=rollout,
        )

    def _personas(self, table: DescriptorTable, country: str) -> tuple[Persona, ...]:
        around = self.surroundings
        sources = PersonaSources(
            around.items,
            {self.writer.variant: table},
            around.samples,
            around.arrangement,
            self.writer.address,
        )
        return persona_builder(around.kind, sources).build(around.samples[country])

    async def _ask(
        self, table: DescriptorTable, country: str, code: str, most: int | None = None
    ) -> PanelResult:
        around = self.surroundings
        panel = Panel(around.respondent, self.respondent, around.concurrency)
        return await panel.ask(self._personas(table, country)[:most], (around.questions[code],))

    async def _write(self, rollout: int) -> DescriptorTable:
        around = self.surroundings
        key = (_digest(_prompt(self.scribe.write)), rollout)
        if key not in around.tables:
            model = cast("Model", _Redrawn(around.writer, rollout)) if rollout else around.writer
            around.tables[key] = await self.scribe.write_all(
                model, around.items, countries=around.forbidden_names
            )
        return around.tables[key]

    def _estimate(self, answers: PanelResult) -> list[float] | None:
        p = self.surroundings.average(answers).probabilities[0, 0, : len(answers.questions[0].scale)]
        return None if np.isnan(p).any() else [float(value) for value in p]

    def _leave_trace(self, country: str, code: str, rollout: int) -> None:
        """What the predictors read and wrote, where an optimiser looks for it."""
        trace = dspy.settings.trace
        if trace is None:
            return
        items = {item.code: item for item in self.surroundings.items}
        for d in self.concerned(country, rollout):
            inputs = self.writer.inputs(items[d.item], d.score)
            trace.append((self.writer.write, inputs, dspy.Prediction(descriptor=d.text)))
        if not self.respondent._compiled:
            trace.append(self._answer_step(country, code, rollout))

    def _answer_step(self, country: str, code: str, rollout: int) -> tuple[Any, dict[str, Any], Any]:
        """One persona's question and its most probable answer."""
        question = self.surroundings.questions[code]
        answers = run_in_background(self._ask(self.descriptors(rollout), country, code, most=1))
        (persona,) = answers.personas
        form = self.respondent.style.forms(question, 0)[0]
        said = "no answer"
        if answers.missing[0, 0] < 0:
            said = form.letters[form.order.index(int(answers.log_p[0, 0, : len(question.scale)].argmax()))]
        signature = signature_of(self.respondent.answer)
        (output,) = signature.output_fields
        values = form_values(signature.input_fields, persona.text, form)
        return self.respondent.answer, values, dspy.Prediction(**{output: said})


class _Redrawn:
    """A model that answers with another draw of each request."""

    def __init__(self, model: Model, draw: int) -> None:
        self.name = model.name
        self.identity = model.identity
        self._model = model
        self._draw = draw

    def stored(self, keys: Sequence[bytes], request_of: Callable[[int], Request]) -> list[Reply | None]:
        drawn = [reply_key(self.identity, request_of(place), self._draw) for place in range(len(keys))]
        return self._model.stored(drawn, request_of)

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        return await self._model.reply(request, sample + self._draw)


def _prompt(predictor: dspy.Predict) -> dict[str, Any]:
    instructions = str(signature_of(predictor).instructions)
    return {"instructions": instructions, "demos": [dict(demo) for demo in predictor.demos]}


def _rejected(candidate: str, rollout: int, why: str) -> dspy.Prediction:
    return dspy.Prediction(
        distribution=None, missing_share=1.0, words=0.0, rejected=why, candidate=candidate, rollout=rollout
    )


def _digest(content: Any) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]

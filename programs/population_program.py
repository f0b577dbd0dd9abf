"""The whole method as one program that DSPy's optimisers can tune: (country, question) → distribution."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, cast

import dspy
import numpy as np
from dspy.lm15 import Request

from value_personas.programs.descriptor_writer import Descriptor, DescriptorTable, DescriptorWriter
from value_personas.programs.engines.lm import asks, language_model
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.replies import Reply, reply_key
from value_personas.programs.engines.threads import run_in_background, start_in_background
from value_personas.programs.panel import Panel
from value_personas.programs.panel_result import PanelResult
from value_personas.programs.personas import Arrangement, PersonaSources, PopulationSample, persona_builder
from value_personas.programs.population import PopulationEstimate, estimate_populations
from value_personas.programs.prompt_rules import MAX_CHARACTERS, proposal_problems
from value_personas.programs.rendering import signature_of
from value_personas.programs.respondent import Respondent, form_values
from value_personas.signatures import EngineError, Persona, Question, ValueItem


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
        spans: calls that are made through DSPy's own LM at most, so that its history and its callbacks show
            them; the others, which are hundreds a cell, go past it.
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
    spans: int = 20
    tables: dict[tuple[str, int], DescriptorTable] = field(default_factory=dict, repr=False)
    predictions: dict[tuple[str, int, str, str], dspy.Prediction] = field(default_factory=dict, repr=False)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Surroundings":
        """The same object: what was written or predicted once serves every copy."""
        return self

    def require_own(self, lm: Any) -> None:
        """Refuse an LM that would be obeyed by nobody.

        Raises:
            EngineError: when it is none of the two models' own.
        """
        if lm is not None and not any(asks(lm, model.name) for model in (self.writer, self.respondent)):
            raise EngineError(
                f"this program asks {self.writer.name} for descriptors and {self.respondent.name} for "
                f"answers, in bulk and through the answer store; {getattr(lm, 'model', lm)} would be asked "
                "nothing: name it in the recipe (respondent.lm, descriptors.lm), or give it to the optimiser "
                "alone (reflection_lm, prompt_model)"
            )


_SPANS_A_CELL = 2
"""Answers of a cell that are asked for through DSPy's LM."""

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
        cell = self._cell(country, question)
        if found := self._known(cell):
            return found
        return self._told(cell, run_in_background(self._predict(*cell)))

    async def aforward(self, country: str, question: str) -> dspy.Prediction:
        """The same, to be awaited: the loop that runs goes on meanwhile."""
        cell = self._cell(country, question)
        if found := self._known(cell):
            return found
        return self._told(cell, await asyncio.wrap_future(start_in_background(self._predict(*cell))))

    def set_lm(self, lm: Any) -> None:
        """Take one of the two models' own LMs, as optimisers that want another draw hand them over.

        Raises:
            EngineError: for any other; the recipe says who is asked.
        """
        self.surroundings.require_own(lm)
        super().set_lm(lm)

    def dump_state(self, json_mode: bool = True) -> dict[str, Any]:
        """The prompts alone: which models are asked, the surroundings say wherever it is loaded."""
        state: dict[str, Any] = super().dump_state(json_mode)
        return {name: {**kept, "lm": None} for name, kept in state.items()}

    def _cell(self, country: str, question: str) -> tuple[str, int, str, str]:
        self.surroundings.require_own(self.writer.write.lm or dspy.settings.lm)
        return self.candidate, self._rollout, country, question

    def _known(self, cell: tuple[str, int, str, str]) -> dspy.Prediction | None:
        """What needs no asking: a prompt that is rejected, a cell that was predicted."""
        candidate, rollout, *_ = cell
        if self.problems:
            return _rejected(candidate, rollout, self.problems[0])
        found = self.surroundings.predictions.get(cell)
        return None if found is None else self._told(cell, found)

    def _told(self, cell: tuple[str, int, str, str], prediction: dspy.Prediction) -> dspy.Prediction:
        """Keep a prediction and leave its trace."""
        self.surroundings.predictions[cell] = prediction
        if prediction.rejected is None:
            _, rollout, country, question = cell
            self._leave_trace(country, question, rollout)
        return prediction

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
        lms = (self.writer.write.lm, dspy.settings.lm)
        return next((int(d) for lm in lms if lm is not None and (d := lm.kwargs.get("rollout_id"))), 0)

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
        personas, question = self._personas(table, country)[:most], around.questions[code]
        some = [panel.first_request(persona, question) for persona in personas[:_SPANS_A_CELL]]
        await self._show(around.respondent, some)
        return await panel.ask(personas, (question,))

    async def _show(self, model: Model, requests: Sequence[Request], rollout: int = 0) -> None:
        """Make some calls through DSPy's LM, where anybody looks; the bulk then finds them in the store."""
        watched = not dspy.settings.disable_history or dspy.settings.callbacks
        some = requests[: self.surroundings.spans] if watched else ()
        self.surroundings.spans -= len(some)
        lm = language_model(model.name, model, **({"rollout_id": rollout} if rollout else {}))
        for request in some:
            with contextlib.suppress(dspy.LMError):  # the bulk meets it too, and counts it
                await lm.acall(request)

    async def _write(self, rollout: int) -> DescriptorTable:
        around = self.surroundings
        key = (_digest(_prompt(self.scribe.write)), rollout)
        if key not in around.tables:
            item = around.items[0]
            inputs = self.scribe.inputs(item, item.scale.scores[0])
            await self._show(around.writer, [self.scribe.request(around.writer.name, inputs)], rollout)
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

"""Personas × questions, concurrently: the bulk path of everything that is asked."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import islice
from types import TracebackType

import numpy as np
from dspy.lm15 import Request
from numpy.typing import NDArray

from value_personas.programs.elicitation import Elicitation, Form, SampledAnswers, average
from value_personas.programs.engines.collecting import rare_collections
from value_personas.programs.engines.draws import runs_of_draws
from value_personas.programs.engines.model import Model, ReplyFailure
from value_personas.programs.engines.replies import Reply, keys_of_texts, reply_key
from value_personas.programs.rendering import PromptTemplate
from value_personas.programs.respondent import Respondent, form_values
from value_personas.signatures import (
    Answer,
    MissingAnswer,
    MissingReason,
    Persona,
    Question,
)

__all__ = ["REASONS", "Panel", "PanelResult", "mean_of_known"]

_BLOCK = 1024
"""Cells looked up in the store at once: large enough for one query's overhead, small enough for memory."""

_SIDE_BY_SIDE = 2
"""Personas a server that are asked side by side, so that one which draws none now and then is not idle."""

_TOLD_EVERY_S = 0.1

REASONS = tuple(MissingReason)
"""The order in which ``PanelResult.missing`` numbers the reasons."""


@dataclass(frozen=True, slots=True)
class PanelResult:
    """What P personas answered to M questions of at most K options.

    Attributes:
        personas: P personas, in the order asked.
        questions: M questions, in the order asked.
        log_p: shape (P, M, K), natural logarithms in scale order; NaN where there is no answer, and
            beyond the options of a shorter question.
        label_mass: shape (P, M); NaN where there is no answer.
        dont_know: shape (P, M), the share of label mass on "don't know"; NaN where there is no answer.
        missing: shape (P, M), an index into ``REASONS``; −1 where there is an answer.
        order_effect: shape (M,), mean total variation between a persona's answers on the first and the
            last of its forms; where each was asked on one, in balanced order, total variation between the
            mean answers of those asked forward and of those asked in reverse; else NaN.
        wording_spread: shape (M,), mean total variation between a persona's answer in one wording and its
            answer averaged over wordings; NaN where there was one wording only.
        draws: answers counted in each distribution; 0 where they are log-probabilities or stated.
        normalised: shape (M,), share of the answers whose stated numbers were scaled to sum to 1.
        missing_stored: shape (P, M), where an answer is missing by replies that all came from the store.
        examples: reason → what was said in place of one missing answer.
        order_chance: shape (M,), what ``order_effect`` would be on average if order moved nothing and persons
            differed as they do; NaN where it was measured within persons.
        stray_mass: shape (P, M), the probability on letters that are no option of the page; NaN where there
            is no answer, or none by first tokens.
    """

    personas: tuple[Persona, ...]
    questions: tuple[Question, ...]
    log_p: NDArray[np.float64]
    label_mass: NDArray[np.float64]
    dont_know: NDArray[np.float64]
    missing: NDArray[np.int8]
    order_effect: NDArray[np.float64]
    wording_spread: NDArray[np.float64]
    draws: int = 0
    normalised: NDArray[np.float64] | None = None
    missing_stored: NDArray[np.bool_] | None = None
    examples: Mapping[str, str] = field(default_factory=dict)
    order_chance: NDArray[np.float64] | None = None
    stray_mass: NDArray[np.float64] | None = None

    def stored_by_reason(self) -> dict[str, int]:
        """How many of the missing cells were read from the store and not asked now, by reason."""
        if self.missing_stored is None:
            return {}
        counts = Counter(self.missing[self.missing_stored].tolist())
        return {REASONS[code].value: n for code, n in sorted(counts.items())}

    def missing_by_reason(self) -> dict[str, int]:
        """How many (persona, question) cells are missing, by reason."""
        counts = Counter(self.missing[self.missing >= 0].tolist())
        return {REASONS[code].value: n for code, n in sorted(counts.items())}


class _Wording:
    """One wording of the prompt: the requests that ask it, and their keys without them."""

    def __init__(self, model: Model, template: PromptTemplate, elicitation: Elicitation) -> None:
        self.template = template
        self._model, self._identity = model.name, model.identity
        self._config = cache(elicitation.config)
        draws = range(elicitation.draws)
        self._keys = [keys_of_texts(model.identity, partial(self.request, draw)) for draw in draws]

    def request(self, draw: int, text: str) -> Request:
        """Draw number ``draw`` of a user message."""
        return self.template.request_of(self._model, text, self._config(draw))

    def keys_again(self, text: str, draw: int, draws: int) -> list[bytes]:
        """The keys of a draw and of its redraw."""
        requests = (self.request(draw, text), self.request(draws + draw, text))
        return [reply_key(self._identity, request) for request in requests]

    def keys(self, text: str) -> list[bytes]:
        """One key a draw of a user message."""
        return [key(text) for key in self._keys]


@dataclass(slots=True)
class _Page:
    """One wording and form of one cell, with a reply for each draw."""

    wording: _Wording
    form: Form
    text: str
    replies: list[Reply | None]

    def unanswered(self) -> list[Request]:
        """The draws without a reply."""
        return [self.wording.request(d, self.text) for d, reply in enumerate(self.replies) if reply is None]

    def answered(self) -> list[bytes]:
        """The keys of the draws that have one."""
        keys = self.wording.keys(self.text)
        return [key for key, reply in zip(keys, self.replies, strict=True) if reply is not None]


@dataclass(slots=True)
class _Cell:
    """One question put to one persona; ``pages`` go wording by wording, forms within."""

    row: int
    column: int
    pages: list[_Page]


class Panel:
    """Ask every persona every question.

    Requests go persona by persona, so that a server's prefix cache serves all questions of a persona; where
    several servers answer, a few personas side by side.
    Personas of equal text are asked once. Everything already in the store is read from there.

    Args:
        model: what answers; it keeps every reply before it is counted.
        respondent: the prompt, how a distribution is got out of the model, and the option order.
        concurrency: how many cells are in flight at once.

    Example:
        >>> result = Panel(model, respondent).run(personas, questions)
        >>> result.log_p.shape
        (100, 24, 10)
    """

    def __init__(self, model: Model, respondent: Respondent, concurrency: int = 16) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, got {concurrency}")
        self.model = model
        self.respondent = respondent
        self.concurrency = concurrency

    def asked_by(self, elicitation: Elicitation) -> "Panel":
        """The same model on the same pages, asked by another prompt: in its own wording, and untuned."""
        own = self.respondent
        if elicitation == own.elicitation:
            return self
        style = replace(own.style, wordings=())
        return Panel(self.model, Respondent(elicitation, style), self.concurrency)

    def run(self, personas: Sequence[Persona], questions: Sequence[Question]) -> PanelResult:
        """Ask and wait; ``ask`` is the same inside an event loop."""
        return asyncio.run(self.ask(personas, questions))

    async def ask(
        self,
        personas: Sequence[Persona],
        questions: Sequence[Question],
        on_answered: Callable[[int], None] = lambda n: None,
    ) -> PanelResult:
        """Ask every persona every question.

        Args:
            personas: who is asked; equal texts share their answers.
            questions: what is asked.
            on_answered: called with the number of (persona, question) cells just settled, durably; ten
                times a second at most.

        Returns:
            The answers, in the order of the arguments whatever the order in which they came.

        Raises:
            EngineError: when the engine cannot answer at all; a call that fails alone is a missing answer.
        """
        texts = list(dict.fromkeys(persona.text for persona in personas))
        copies = Counter(persona.text for persona in personas)
        balanced = self.respondent.style.option_order == "balanced"
        sheet = _Sheet(len(texts), questions, len(self.respondent.signatures), balanced)
        cells, settled = self._cells(texts, questions), _Settled(on_answered)

        async def work() -> None:
            for cell in cells:  # shared: a step of the iterator never awaits, so no two workers get one cell
                was_stored = all(None not in page.replies for page in cell.pages)
                sheet.enter(cell, await self._settle(cell), was_stored)
                settled.count(copies[texts[cell.row]])

        with rare_collections(), settled:
            # What is free is asked a block at a time, and so written with one commit.
            await _all_of(work() for _ in range(_BLOCK if self.model.is_free else self.concurrency))
        row_of = {text: row for row, text in enumerate(texts)}
        rows = [row_of[persona.text] for persona in personas]
        return sheet.result(tuple(personas), rows, self._counted_draws(questions))

    def _counted_draws(self, questions: Sequence[Question]) -> int:
        elicitation = self.respondent.elicitation
        if elicitation.name != SampledAnswers.name or not questions:
            return 0
        pages = len(self.respondent.signatures) * len(self.respondent.style.forms(questions[0], 0))
        return elicitation.draws * pages

    def requests_a_persona(self, questions: Sequence[Question]) -> int:
        """How many requests ask one persona all questions, redraws not counted."""
        style, wordings = self.respondent.style, len(self.respondent.signatures)
        pages = sum(len(style.forms(question, 0)) for question in questions)
        return pages * wordings * self.respondent.elicitation.draws

    def rehearse(
        self, personas: Sequence[Persona], questions: Sequence[Question], every: int = 1
    ) -> Iterator[tuple[list[bytes], Iterable[Sequence[Request]]]]:
        """What ``ask`` would do, page by page; nothing is asked.

        Args:
            personas: who would be asked.
            questions: what.
            every: look at each so-manieth distinct persona only.

        Yields:
            The keys that the store has a reply to, and the calls to make, each the draws that it asks for.
        """
        texts = list(dict.fromkeys(persona.text for persona in personas))
        for cell in self._cells(texts, questions, every):
            for page in cell.pages:
                yield page.answered(), runs_of_draws(page.unanswered(), self.model.at_once)

    def forget(
        self, personas: Sequence[Persona], questions: Sequence[Question], reasons: Collection[MissingReason]
    ) -> int:
        """Take replies that read as missing for one of these reasons out of the store, to be asked again.

        Returns:
            How many.
        """
        elicitation, keys = self.respondent.elicitation, []
        for cell in self._cells(list(dict.fromkeys(persona.text for persona in personas)), questions):
            for page in cell.pages:
                known = [(d, reply) for d, reply in enumerate(page.replies) if reply is not None]
                for draw, reply in known:
                    reading = elicitation.read(page.form, [reply] * elicitation.draws)
                    if isinstance(reading, MissingAnswer) and reading.reason in reasons:
                        keys += page.wording.keys_again(page.text, draw, elicitation.draws)
        return self.model.forget(keys)

    def first_prompt(self, persona: Persona, question: Question) -> tuple[str, str]:
        """The system and user text that ask one persona one question, for a person to judge."""
        form, template = self.respondent.style.forms(question, 0)[0], self.respondent.templates[0]
        return template.system, template.user_text(form_values(template.fields, persona.text, form))

    def _cells(self, texts: Sequence[str], questions: Sequence[Question], every: int = 1) -> Iterator[_Cell]:
        """The cells in asking order, their stored replies filled in block by block."""
        respondent, style = self.respondent, self.respondent.style
        wordings = [_Wording(self.model, t, respondent.elicitation) for t in respondent.templates]

        def page(wording: _Wording, text: str, form: Form) -> _Page:
            values = form_values(wording.template.fields, text, form)
            return _Page(wording, form, wording.template.user_text(values), [])

        rows = islice(enumerate(texts), 0, None, every)
        side_by_side = _SIDE_BY_SIDE * self.model.places if self.model.places > 1 else 1
        unfilled = (
            _Cell(row, column, [page(w, text, form) for w in wordings for form in style.forms(question, row)])
            for some in _in_groups(rows, side_by_side)
            for column, question in enumerate(questions)
            for row, text in some
        )
        while block := list(islice(unfilled, _BLOCK)):
            self._look_up([page for cell in block for page in cell.pages])
            yield from block

    def _look_up(self, pages: Sequence[_Page]) -> None:
        """Fill in the replies that the store has, with one query for all pages."""
        draws = self.respondent.elicitation.draws
        keys = [key for page in pages for key in page.wording.keys(page.text)]

        def request_of(place: int) -> Request:
            page = pages[place // draws]
            return page.wording.request(place % draws, page.text)

        stored = self.model.stored(keys, request_of)
        for number, page in enumerate(pages):
            page.replies = stored[number * draws : (number + 1) * draws]

    async def _settle(self, cell: _Cell) -> list[Answer | MissingAnswer]:
        """One answer a page."""
        try:
            return [self._read(page, await self._complete(page)) for page in cell.pages]
        except ReplyFailure as failure:
            return [MissingAnswer(failure.reason, failure.detail)]

    async def _complete(self, page: _Page) -> list[Reply]:
        """Every draw's reply; a draw that is no answer is replaced once by a redraw, where allowed."""
        elicitation = self.respondent.elicitation
        replies = await self._fill(page)
        if elicitation.redraws:
            empty = [d for d, reply in enumerate(replies) if not elicitation.usable(reply, page.form)]
            again = empty[: elicitation.redraws]
            redraws = [page.wording.request(elicitation.draws + draw, page.text) for draw in again]
            for draw, reply in zip(again, await self.model.replies(redraws), strict=True):
                replies[draw] = reply
        return replies

    async def _fill(self, page: _Page) -> list[Reply]:
        """Replies to all draws, those that the store had among them."""
        known = [reply for reply in page.replies if reply is not None]
        if len(known) == len(page.replies):
            return known
        fresh = iter(await self.model.replies(page.unanswered(), looked_up=True))
        return [reply or next(fresh) for reply in page.replies]

    def _read(self, page: _Page, replies: list[Reply]) -> Answer | MissingAnswer:
        return self.respondent.elicitation.read(page.form, replies)


class _Settled:
    """Tells how many cells were settled; to tell it of each would take longer than to read a stored one."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell, self._untold, self._told_at = tell, 0, -math.inf

    def count(self, n: int) -> None:
        """Add cells, and tell of them where it is time."""
        self._untold += n
        now = time.monotonic()
        if now - self._told_at >= _TOLD_EVERY_S:
            self._told_at = now
            self._tell_all()

    def _tell_all(self) -> None:
        if n := self._untold:
            self._untold = 0
            self._tell(n)

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tell_all()


class _Sheet:
    """The arrays being filled, one row for each distinct persona text."""

    def __init__(self, rows: int, questions: Sequence[Question], wordings: int, balanced: bool) -> None:
        self.questions = tuple(questions)
        self.wordings = wordings
        shape = (rows, len(questions))
        options = max((len(q.scale) for q in questions), default=0)
        self.log_p = np.full((*shape, options), np.nan)
        self.missing = np.full(shape, -1, dtype=np.int8)
        self.label_mass = np.full(shape, np.nan)
        self.dont_know = np.full(shape, np.nan)
        self.stray_mass = np.full(shape, np.nan)
        self.turned = np.zeros(shape, dtype=np.bool_) if balanced else None
        self.order_effect = np.full(shape, np.nan)
        self.wording_spread = np.full(shape, np.nan)
        self.normalised = np.zeros(shape, dtype=np.bool_)
        self.missing_stored = np.zeros(shape, dtype=np.bool_)
        self.examples: dict[str, str] = {}

    def enter(self, cell: _Cell, pages: list[Answer | MissingAnswer], was_stored: bool) -> None:
        """Write one settled cell; ``was_stored`` where the store had all of its replies."""
        at, answer = (cell.row, cell.column), average(pages)
        if isinstance(answer, MissingAnswer):
            self.missing[at] = REASONS.index(answer.reason)
            self.missing_stored[at] = was_stored
            self.examples.setdefault(answer.reason.value, answer.detail)
            return
        self.log_p[at][: len(answer.log_probabilities)] = answer.log_probabilities
        self.label_mass[at], self.dont_know[at] = answer.label_mass, answer.dont_know
        self.normalised[at] = answer.normalised
        if answer.stray_mass is not None:
            self.stray_mass[at] = answer.stray_mass
        if self.turned is not None:
            self.turned[at] = cell.pages[0].form.order[0] > 0
        if len(pages) > 1:
            self._compare(at, [page.probabilities for page in pages if isinstance(page, Answer)])

    def _compare(self, at: tuple[int, int], pages: list[NDArray[np.float64]]) -> None:
        """How far the answers of one cell move with the order of options and with the wording."""
        by_wording = np.array(pages).reshape(self.wordings, -1, len(pages[0]))
        if by_wording.shape[1] > 1:
            self.order_effect[at] = 0.5 * np.abs(by_wording[:, 0] - by_wording[:, -1]).sum(axis=1).mean()
        if self.wordings > 1:
            means = by_wording.mean(axis=1)
            self.wording_spread[at] = 0.5 * np.abs(means - means.mean(axis=0)).sum(axis=1).mean()

    def result(self, personas: tuple[Persona, ...], rows: list[int], draws: int) -> PanelResult:
        """The result with one row for each persona; nothing is copied where all texts differ."""
        at = slice(None) if rows == list(range(len(self.log_p))) else rows
        effect, chance = mean_of_known(self.order_effect), np.full(len(self.questions), np.nan)
        if self.turned is not None:
            pairs = [_between(np.exp(self.log_p[:, m]), turned) for m, turned in enumerate(self.turned.T)]
            effect, chance = np.reshape(pairs, (-1, 2)).T
        return PanelResult(
            personas,
            self.questions,
            log_p=self.log_p[at],
            label_mass=self.label_mass[at],
            dont_know=self.dont_know[at],
            missing=self.missing[at],
            order_effect=effect,
            wording_spread=mean_of_known(self.wording_spread),
            draws=draws,
            normalised=mean_of_known(np.where(self.missing < 0, self.normalised, np.nan)),
            missing_stored=self.missing_stored[at],
            examples=self.examples,
            order_chance=chance,
            stray_mass=self.stray_mass[at],
        )


_REDEALT = 64
"""How often the coins are thrown anew to see what chance makes of the order's effect."""


def _between(p: NDArray[np.float64], turned: NDArray[np.bool_]) -> tuple[float, float]:
    """How far those asked with reversed options are from those asked forward.

    Args:
        p: shape (N, K), a row a person, in the order asked; NaN where there is no answer.
        turned: shape (N,), who was asked with reversed options: one of every two.

    Returns:
        The total variation between the two mean answers, and its mean when every two persons' coin is thrown
        anew. NaN where either group is empty.
    """
    coins = np.random.default_rng(0).random((_REDEALT, -(-len(p) // 2))) < 0.5
    coins[0] = False  # as they fell
    known = ~np.isnan(p[:, 0])
    sides = (turned ^ np.repeat(coins, 2, axis=1)[:, : len(p)])[:, known]
    p = np.nan_to_num(p[known])
    counts = sides.sum(axis=1, keepdims=True), (~sides).sum(axis=1, keepdims=True)
    if counts[0][0] == 0 or counts[1][0] == 0:
        return np.nan, np.nan
    means = [(side @ p) / np.maximum(n, 1) for side, n in zip((sides, ~sides), counts, strict=True)]
    moved = 0.5 * np.abs(means[0] - means[1]).sum(axis=1)
    return float(moved[0]), float(moved[1:].mean())


def _in_groups(rows: Iterator[tuple[int, str]], size: int) -> Iterator[list[tuple[int, str]]]:
    while some := list(islice(rows, size)):
        yield some


def mean_of_known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Column means over what is not NaN; NaN for a column without any."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    out = np.full(total.shape, np.nan)
    return np.asarray(np.divide(total, known.sum(axis=0), out=out, where=known.any(axis=0)))


async def _all_of(jobs: Iterator[object]) -> None:
    """Run workers side by side; the first error cancels the rest and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(job)  # type: ignore[arg-type]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None

"""Personas × questions, concurrently: the bulk path of everything that is asked."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain, islice
from types import TracebackType

from dspy.lm15 import Request

from value_personas.programs.elicitation import Elicitation, Form, SampledAnswers
from value_personas.programs.engines.collecting import rare_collections
from value_personas.programs.engines.draws import runs_of_draws
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.replies import POSTPONED, Reply, ReplyFailure, keys_of_texts, reply_key
from value_personas.programs.engines.threads import run_in_background
from value_personas.programs.panel_result import PanelResult, Sheet
from value_personas.programs.rendering import PromptTemplate
from value_personas.programs.respondent import Respondent, form_values
from value_personas.signatures import (
    Answer,
    BudgetError,
    MissingAnswer,
    MissingReason,
    Persona,
    Question,
)

_BLOCK = 1024
"""Cells looked up in the store at once: large enough for one query's overhead, small enough for memory."""

_SIDE_BY_SIDE = 2
"""Personas a server that are asked side by side, so that one which draws none now and then is not idle."""

_TOLD_EVERY_S = 0.1

_WHO = "\ue000who\ue001"
"""Stands for whoever is asked where a page is laid out; private-use characters, never in a survey."""


class _Wording:
    """One wording of the prompt: the requests that ask it, and their keys without them."""

    def __init__(self, model: Model, template: PromptTemplate, elicitation: Elicitation) -> None:
        self._template = template
        self._model, self._identity = model.name, model.identity
        self._config = cache(elicitation.config)
        draws = range(elicitation.draws)
        self._keys = [keys_of_texts(model.identity, partial(self.request, draw)) for draw in draws]

    def request(self, draw: int, text: str) -> Request:
        """Draw number ``draw`` of a user message."""
        return self._template.request_of(self._model, text, self._config(draw))

    def around(self, form: Form) -> tuple[str, str]:
        """What stands before and after whoever is asked in the user message of a form."""
        values = form_values(self._template.fields, _WHO, form)
        before, _, after = self._template.user_text(values).partition(_WHO)
        return before, after

    def keys_again(self, text: str, draw: int, draws: int) -> list[bytes]:
        """The keys of a draw and of its redraw."""
        requests = (self.request(draw, text), self.request(draws + draw, text))
        return [reply_key(self._identity, request) for request in requests]

    def keys(self, text: str) -> list[bytes]:
        """One key a draw of a user message."""
        return [key(text) for key in self._keys]


@dataclass(slots=True)
class _Page:
    """One wording and form of one cell; once looked up, with a key and a reply for each draw."""

    wording: _Wording
    form: Form
    text: str
    keys: Sequence[bytes] = ()
    replies: Sequence[Reply | None] = ()

    def unanswered(self) -> list[Request]:
        """The draws without a reply."""
        return [self.wording.request(d, self.text) for d, reply in enumerate(self.replies) if reply is None]

    def keys_of(self, *, answered: bool) -> list[bytes]:
        """The keys of the draws that have a reply, or have none."""
        both = zip(self.keys, self.replies, strict=True)
        return [key for key, reply in both if (reply is not None) is answered]


@dataclass(slots=True)
class _Cell:
    """One question put to one persona; ``pages`` go wording by wording, forms within."""

    row: int
    column: int
    pages: list[_Page]

    def stored(self) -> list[list[Reply]] | None:
        """The replies to each page, where the store had them all."""
        found = []
        for page in self.pages:
            known = [reply for reply in page.replies if reply is not None]
            if len(known) < len(page.replies):
                return None
            found.append(known)
        return found


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
        """Ask and wait, a loop running or not; ``ask`` is the same to be awaited."""
        return run_in_background(self.ask(personas, questions))

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
        copies = Counter(persona.text for persona in personas)
        balanced = self.respondent.style.option_order == "balanced"
        sheet = Sheet(personas, questions, len(self.respondent.signatures), balanced)
        settled = _Settled(on_answered)
        elicitation = self.respondent.elicitation  # DSPy looks closely at each attribute of a module

        def enter(cell: _Cell, answers: list[Answer | MissingAnswer], *, replied: bool = True) -> None:
            turned = cell.pages[0].form.order[0] > 0
            sheet.enter((cell.row, cell.column), answers, replied=replied, turned=turned)
            settled.count(copies[sheet.texts[cell.row]])

        def to_ask() -> Iterator[_Cell]:
            """The cells of which the store lacks a reply, or which may be drawn again; others are entered."""
            for cell in self._cells(sheet.texts, questions):
                known = None if elicitation.redraws else cell.stored()
                if known is None:
                    yield cell
                    continue
                read = [elicitation.read(page.form, r) for page, r in zip(cell.pages, known, strict=True)]
                enter(cell, read)

        async def settle(cell: _Cell) -> None:
            try:
                enter(cell, await self._settle(elicitation, cell))
            except ReplyFailure as failure:
                enter(cell, [MissingAnswer(failure.reason, failure.detail)], replied=False)

        with rare_collections(), settled:
            # What is free is asked a block at a time, and so written with one commit.
            side_by_side = _BLOCK if self.model.is_free else self.model.queue_length or self.concurrency
            rest = to_ask()
            if (first := next(rest, None)) is not None:
                await _side_by_side(chain((first,), rest), settle, side_by_side)
        return sheet.result(self._counted_draws(questions))

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
                yield page.keys_of(answered=True), runs_of_draws(page.unanswered(), self.model.at_once)

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

    def stored_calls(
        self, personas: Sequence[Persona], questions: Sequence[Question], cells: Iterable[tuple[int, int]]
    ) -> list[tuple[Request, Reply | None]]:
        """The first request of some cells, and its reply where the store has one; nothing is asked.

        Args:
            personas: as they were given to ``ask``.
            questions: likewise.
            cells: places of a persona and of a question.
        """
        turns = {text: turn for turn, text in enumerate(dict.fromkeys(p.text for p in personas))}
        wording = _Wording(self.model, self.respondent.templates[0], self.respondent.elicitation)
        texts = [(personas[row].text, questions[column]) for row, column in cells]
        forms = [self.respondent.style.forms(question, turns[text])[0] for text, question in texts]
        pages = [_page(wording, text, form) for (text, _), form in zip(texts, forms, strict=True)]
        self._look_up(pages)
        return [(wording.request(0, page.text), page.replies[0]) for page in pages]

    def first_request(self, persona: Persona, question: Question) -> Request:
        """The first request that asks one persona one question."""
        form, template = self.respondent.style.forms(question, 0)[0], self.respondent.templates[0]
        values = form_values(template.fields, persona.text, form)
        return template.request(self.model.name, values, self.respondent.elicitation.config(0))

    def first_prompt(self, persona: Persona, question: Question) -> tuple[str, str]:
        """The system and user text that ask one persona one question, for a person to judge."""
        form, template = self.respondent.style.forms(question, 0)[0], self.respondent.templates[0]
        return template.system, template.user_text(form_values(template.fields, persona.text, form))

    def _cells(self, texts: Sequence[str], questions: Sequence[Question], every: int = 1) -> Iterator[_Cell]:
        """The cells in asking order, their stored replies filled in block by block."""
        respondent, style = self.respondent, self.respondent.style
        wordings = [_Wording(self.model, t, respondent.elicitation) for t in respondent.templates]

        @cache
        def layout(column: int, orders: tuple[tuple[int, ...], ...]) -> list[tuple[_Wording, Form, str, str]]:
            forms = style.forms_in(questions[column], orders)
            return [(wording, form, *wording.around(form)) for wording in wordings for form in forms]

        def pages(column: int, row: int, text: str) -> list[_Page]:
            around = layout(column, style.orders(questions[column], row))
            return [_Page(w, form, f"{before}{text}{after}") for w, form, before, after in around]

        rows = islice(enumerate(texts), 0, None, every)
        side_by_side = _SIDE_BY_SIDE * self.model.places if self.model.places > 1 else 1
        unfilled = (
            _Cell(row, column, pages(column, row, text))
            for some in _in_groups(rows, side_by_side)
            for column in range(len(questions))
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
            own = slice(number * draws, (number + 1) * draws)
            page.keys, page.replies = keys[own], stored[own]

    async def _settle(self, elicitation: Elicitation, cell: _Cell) -> list[Answer | MissingAnswer]:
        """One answer a page."""
        return [elicitation.read(page.form, await self._complete(elicitation, page)) for page in cell.pages]

    async def _complete(self, elicitation: Elicitation, page: _Page) -> list[Reply]:
        """Every draw's reply; a draw that is no answer is replaced once by a redraw, where allowed."""
        replies = await self._fill(page)
        if elicitation.redraws:
            known = [d for d, reply in enumerate(replies) if reply.finish_reason != POSTPONED]
            empty = [d for d in known if not elicitation.usable(replies[d], page.form)]
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
        fresh = iter(await self.model.replies(page.unanswered(), page.keys_of(answered=False)))
        return [reply or next(fresh) for reply in page.replies]


def _page(wording: _Wording, text: str, form: Form) -> _Page:
    return _Page(wording, form, text.join(wording.around(form)))


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


def _in_groups(rows: Iterator[tuple[int, str]], size: int) -> Iterator[list[tuple[int, str]]]:
    while some := list(islice(rows, size)):
        yield some


async def _side_by_side(
    cells: Iterator[_Cell], settle: Callable[[_Cell], Awaitable[None]], workers: int
) -> None:
    """Settle cells, so many at once; the first error cancels the rest and is raised as itself.

    Once a budget is reached no further cell is begun, and those beside it, which are within it, are waited
    for: so what it buys does not depend on which reply comes first.
    """
    spent: list[BudgetError] = []

    async def work() -> None:
        for cell in cells:  # shared: a step of the iterator never awaits, so no two workers get one cell
            try:
                await settle(cell)
            except BudgetError as error:
                spent.append(error)
            if spent:
                return

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    if spent:
        raise spent[0]

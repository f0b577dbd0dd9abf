"""What a run would still have to pay for, found out by going through it without asking anybody."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from value_personas.experiments.answer_store.tokens import TokenRates, token_rates
from value_personas.experiments.fieldwork.batch import takes_batches
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.standing_in import PLACEHOLDER, Placeholders, ReadOnly
from value_personas.programs import DescriptorTable, Panel, Variant
from value_personas.programs.engines import (
    EngineSettings,
    Model,
    Prices,
    connect,
    reply_key,
    without_keys,
)
from value_personas.signatures import AuthenticationError, Persona, Question

_PAGES_LOOKED_AT = 5000
"""Of each persona kind or other group; beyond, every second persona is looked at, every third, and so on."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Calls still to be paid for, with what they take.

    Attributes:
        calls: to be made for what the store has no reply to.
        stored: replies that it has.
        input_tokens: tokens read, by what stored replies of the same model took for prompts of such length;
            without any, an upper bound.
        output_tokens: tokens written, likewise; without any, as many as each request allows.
        cost: of those tokens, in the currency of the prices; None without a price table.
        assumptions: what had to be assumed, as the store does not say it.
        cost_in_batches: the cost where all of it is asked by ``--batch``; None without a price table, and
            where a model's server takes no batches.
        measured: whether stored replies told all tokens; else they are bounds.
    """

    calls: int
    stored: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    assumptions: tuple[str, ...] = ()
    cost_in_batches: float | None = None
    measured: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        """One line for a person."""
        about = "about" if self.measured else "at most about"
        money = "no price table" if self.cost is None else f"{about} {self.cost:,.2f}"
        if self.cost_in_batches is not None and self.cost_in_batches != self.cost:
            money += f" ({self.cost_in_batches:,.2f} by --batch)"
        assumed = f"; {'; '.join(self.assumptions)}" if self.assumptions else ""
        if self.calls and not self.measured:
            assumed += "; tokens are a bound, as too few stored replies of the model tell what it takes"
        return (
            f"{self.calls:,} calls to pay for, {self.stored:,} answered already; {about} "
            f"{self.input_tokens:,} tokens read and {self.output_tokens:,} written; {money}{assumed}"
        )


class Rehearsal:
    """Models that read the store and, where it is silent, answer with a placeholder and pay for nothing.

    The stages of a run are gone through with them, so that what is counted is what would be asked.

    Args:
        field: its models are only looked at, and its store is only read.
        respondent: the settings of the model that would answer.
        writer: the settings of the model that would write descriptors; they may be the same.
        seen: requests that are counted elsewhere and not again; those counted here are added.
    """

    def __init__(
        self,
        field: Fieldwork,
        respondent: EngineSettings,
        writer: EngineSettings,
        seen: set[bytes] | None = None,
    ) -> None:
        answers, writes = looked_at(field, respondent), looked_at(field, writer)
        self._rates = token_rates(field.store, answers.identity, answers.name)
        written = token_rates(field.store, writes.identity, writes.name)
        unwritten = Placeholders(writes.identity, rates=written)
        unprobed = Placeholders(answers.identity, answers.at_once if answers.gives_several else 1)
        self.respondent = Model(answers.name, unprobed, ReadOnly(field.store))
        self.writer = Model(writes.name, unwritten, ReadOnly(field.store))
        self._unwritten, self._unprobed = unwritten, unprobed
        self._seen = seen if seen is not None else set()
        self._may_give_several = answers.gives_several is None and answers.at_once > 1
        self._prices = [settings.prices for settings in (respondent, writer)]
        self._in_batches = [each and each.of_batches() for each in self._prices]
        if field.batch:
            self._prices = self._in_batches
        if not (takes_batches(respondent) and takes_batches(writer)):
            self._in_batches = [None, None]

    def estimate(
        self,
        descriptors: Mapping[Variant, DescriptorTable],
        rounds: Iterable[tuple[Panel, Sequence[Persona], Sequence[Question]]],
        pages: int = _PAGES_LOOKED_AT,
    ) -> Estimate:
        """Count what the rehearsed stages left open.

        Args:
            descriptors: as rehearsed.
            rounds: by which panel, of the rehearsal's respondent, who is asked what, a group of personas at a
                time; one group is held at a time.
            pages: looked at in each group.
        """
        written = [d for table in descriptors.values() for d in table.descriptors]
        texts = {d.text.encode() for d in written} - self._seen
        self._seen |= texts
        missing = sum(text.startswith(PLACEHOLDER.encode()) for text in texts)
        bill = _Bill(self._seen, self._rates)
        draws = 1
        for panel, people, questions in rounds:
            bill.add(panel, people, questions, pages)
            draws = max(draws, panel.respondent.elicitation.draws)
        read, replied = (missing * tokens for tokens in self._unwritten.mean_tokens)
        tokens = (bill.input_tokens, bill.output_tokens), (read, replied)
        one_by_one = self._may_give_several and bill.calls > 0 and draws > 1
        return Estimate(
            missing + round(bill.calls),
            len(texts) - missing + round(bill.stored),
            round(read + bill.input_tokens),
            round(replied + bill.output_tokens),
            _cost(self._prices, tokens),
            tuple(self._assumptions(missing, one_by_one)),
            _cost(self._in_batches, tokens),
            bill.measured and (self._unwritten.measured or not missing),
        )

    def _assumptions(self, missing: int, one_by_one: bool) -> list[str]:
        assumed = []
        if one_by_one:
            assumed.append("every draw is taken to be a call of its own")
        if missing:
            assumed.append(f"{missing} descriptors are not written yet and taken to be of usual length")
        if self._unprobed.calls:
            assumed.append("the engine is taken to report log-probabilities")
        return assumed


def looked_at(field: Fieldwork, settings: EngineSettings) -> Model:
    """A model of which only what it is called and can do is asked: it needs no key."""
    try:
        return field.model(settings)
    except AuthenticationError:
        with without_keys():
            return connect(settings, field.store)


@dataclass(slots=True)
class _Bill:
    """Sums over calls that are left to make; shares of a call where personas were only sampled.

    Attributes:
        calls: to be made; one may ask for several draws.
        stored: requests with a reply, each once, however many cells share it.
        input_tokens: read by those calls.
        output_tokens: written.
        measured: whether stored replies told the tokens of all of them.
    """

    seen: set[bytes]
    rates: TokenRates
    calls: float = 0.0
    stored: float = 0.0
    input_tokens: float = 0.0
    output_tokens: float = 0.0
    measured: bool = True

    def add(self, panel: Panel, people: Sequence[Persona], questions: Sequence[Question], pages: int) -> None:
        """Add what one group of personas would be asked."""
        texts = len({person.text for person in people})
        requests = texts * panel.requests_a_persona(questions)
        every = min(texts, -(-requests // pages))
        looked_at = -(-texts // every)
        scale = texts / looked_at
        for stored, calls in panel.rehearse(people, questions, every):
            self.stored += scale * sum(map(self._is_new, stored))
            for draws in calls:
                if self._is_new(reply_key(panel.model.identity, draws[0])):
                    read, written, measured = self.rates.of(draws[0], len(draws))
                    self.measured &= measured
                    self.calls += scale
                    self.input_tokens += scale * read
                    self.output_tokens += scale * written

    def _is_new(self, key: bytes) -> bool:
        """Whether a request was not met before; from now on it was."""
        if key in self.seen:
            return False
        self.seen.add(key)
        return True


def _cost(prices: Sequence[Prices | None], tokens: Sequence[tuple[float, float]]) -> float | None:
    """Of what each model reads and writes; None where none has a price."""
    costs = [
        p.cost(round(read), round(written)) for p, (read, written) in zip(prices, tokens, strict=True) if p
    ]
    return sum(costs) if costs else None

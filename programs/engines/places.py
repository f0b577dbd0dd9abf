"""Several places that answer alike, be they servers or workers: which of them is asked, and what each did."""

import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from dspy.lm15 import Request, TextPart

from value_personas.programs.engines.replies import Reply

_FIRST_PARK_S = 2.0
_LONGEST_PARK_S = 60.0
"""A place that fails is passed over for so long, twice as long each time, and then tried with one call."""

_FULL = 1.25
"""A place with so many times the mean of what is in flight takes no new persona (Mirrokni, Thorup &
Zadimoghaddam 2018, consistent hashing with bounded loads)."""

_OVERFULL = 2.0
"""Likewise, none of a persona that it has begun: it is slow, and another reads the beginning once more."""

_REMEMBERED = 4096
"""Personas of which is known where they were begun."""

_LAST_PARTS = 3
"""Paragraphs at the end of a prompt that are no persona: question, options, form of the reply."""


def beginning_of(request: Request) -> str:
    """What requests of one persona have in common, which a server that keeps prefixes computes once.

    Prompts go persona, question, options, form of the reply, a paragraph or more each. A question of several
    paragraphs is taken for another persona: that costs a prefix, and no answer changes.
    """
    last = request.messages[-1].parts[-1] if request.messages and request.messages[-1].parts else None
    text = last.text if isinstance(last, TextPart) else ""
    return text.rsplit("\n\n", _LAST_PARTS)[0] if text.count("\n\n") >= _LAST_PARTS else ""


@dataclass(slots=True, eq=False)
class Place:
    """One of them.

    Attributes:
        name: as the record shows it.
        outstanding: requests that it works on.
        calls: requests that it was given.
        personas: that were begun there.
        answers: replies that it gave.
        failures: requests that it did not answer.
        parked: how often it was passed over for a while.
        seconds: that its answers took, summed.
        input_tokens: tokens of prompts, as far as it said.
        cached_tokens: of these, those that it had read before, as far as it said.
    """

    name: str
    outstanding: int = 0
    calls: int = 0
    personas: int = 0
    answers: int = 0
    failures: int = 0
    parked: int = 0
    seconds: float = 0.0
    input_tokens: int = 0
    cached_tokens: int = 0
    _down_until: float = field(default=0.0, repr=False)
    _in_a_row: int = field(default=0, repr=False)
    _last_answer: float = field(default=-math.inf, repr=False)

    def begin(self, requests: int = 1) -> float:
        """Requests are on their way; returns when."""
        self.outstanding += requests
        self.calls += requests
        return time.monotonic()

    def answered(self, started: float, replies: Sequence[Reply]) -> None:
        """One request was answered."""
        self.outstanding -= 1
        self.answers += len(replies)
        self._last_answer = time.monotonic()
        self.seconds += self._last_answer - started
        self._in_a_row, self._down_until = 0, 0.0
        self.input_tokens += sum(reply.input_tokens or 0 for reply in replies)
        self.cached_tokens += sum(reply.cached_tokens or 0 for reply in replies)

    def failed(self, started: float, *, away: bool) -> None:
        """One request was not answered; ``away`` where that says that the place itself may not be there.

        What others got meanwhile shows that it is.
        """
        self.outstanding -= 1
        self.failures += 1
        if not away or self._last_answer > started:
            return
        now = time.monotonic()
        if now >= self._down_until:  # once for all that failed together
            self._down_until = now + min(_FIRST_PARK_S * 2**self._in_a_row, _LONGEST_PARK_S)
            self._in_a_row = min(self._in_a_row + 1, 30)
            self.parked += 1

    @property
    def is_up(self) -> bool:
        """Whether it is asked: after it was passed over, by one request at a time until it answers."""
        return time.monotonic() >= self._down_until and not (self._in_a_row and self.outstanding)

    @property
    def down_until(self) -> float:
        """Moment of the monotonic clock until which it is passed over."""
        return self._down_until

    def figures(self) -> dict[str, float]:
        """What it did, for the record."""
        said = {
            "calls": self.calls,
            "personas": self.personas,
            "answers": self.answers,
            "failures": self.failures,
            "parked": self.parked,
            "mean_latency_s": self.seconds / self.answers if self.answers else 0.0,
            "input_tokens": self.input_tokens,
            "cached_tokens": self.cached_tokens,
        }
        return {name: round(value, 6) for name, value in said.items()}


class Places:
    """Chooses by what is asked, so that all requests of a persona go to one place.

    A persona is begun at the place that its text names among all (rendezvous hashing, Thaler & Ravishankar
    1998), so that another run or machine begins it there too; where that is away or has far more in flight
    than the mean, at the next. It stays where it was begun as long as that is no slower than others. What
    begins like nothing else goes to the least busy.

    Args:
        places: at least one.
    """

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = list(places)
        self._gone: list[Place] = []
        self._begun: OrderedDict[bytes, Place] = OrderedDict()

    def __len__(self) -> int:
        return len(self._places)

    def choose(self, request: Request, passed: Sequence[Place] = ()) -> Place:
        """The place for a request.

        Args:
            request: is not looked at where there is one place alone.
            passed: places that were tried for it already.
        """
        if len(self._places) == 1:
            return self._places[0]
        up = [place for place in self._places if place.is_up and place not in passed]
        if not up:
            left = [place for place in self._places if place not in passed] or self._places
            return min(left, key=lambda place: place.down_until)
        beginning = beginning_of(request)
        if not beginning:
            return min(up, key=lambda place: place.outstanding)
        digest = blake2b(beginning.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        mean = (sum(place.outstanding for place in up) + 1) / len(up)
        begun = self._begun.get(digest)
        if begun in up and begun.outstanding < _OVERFULL * mean + 1:
            self._begun.move_to_end(digest)
            return begun
        ranked = sorted(up, key=lambda place: blake2b(digest + place.name.encode(), digest_size=8).digest())
        chosen = next((place for place in ranked if place.outstanding < _FULL * mean), ranked[0])
        self._begun[digest] = chosen
        chosen.personas += 1
        if len(self._begun) > _REMEMBERED:
            self._begun.popitem(last=False)
        return chosen

    def replace(self, places: Sequence[Place]) -> None:
        """These are there now; what those did who are gone is told on."""
        self._gone += [place for place in self._places if place not in places]
        self._places = list(places)

    def figures(self) -> dict[str, dict[str, float]]:
        """What each did so far, by name."""
        return {place.name: place.figures() for place in (*self._gone, *self._places) if place.calls}

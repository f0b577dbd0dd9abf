"""(item, answer) → descriptor: written once by a language model, checked, and frozen."""

import asyncio
import json
import re
from collections.abc import Callable, Collection, Generator, Mapping
from dataclasses import astuple, dataclass, field, replace
from hashlib import sha256
from typing import Any, Literal

import dspy
from dspy.lm15 import Config, Request

from value_personas.programs.engines.model import Model
from value_personas.programs.engines.replies import POSTPONED, REASONING_ONLY, Reply, ReplyFailure, reply_key
from value_personas.programs.rendering import render_request, signature_of
from value_personas.programs.single_field import single_field
from value_personas.signatures import EngineError, HedgedDescriptor, UnhedgedDescriptor, ValueItem

Variant = Literal["hedged", "unhedged"]

_SIGNATURES = {"hedged": HedgedDescriptor, "unhedged": UnhedgedDescriptor}

MAX_TOKENS = 160
"""Of a reply: twice what 45 words and the field's markers take."""

_EARLIER_MAX_TOKENS = 400
"""As versions up to 0.1 asked: what they paid for is not asked again."""

_SEEDS_A_WORDING = 1000
"""More than any sensible number of attempts, so that no two wordings share a draw."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """The description of one answer to one item.

    Attributes:
        item: the item's code.
        score: the stored code of the answer.
        variant: which prompt it was written by.
        text: what the model will read.
        writer: the model that wrote it, or ``override`` where a person did.
        broken_rules: rules that it still breaks after the last attempt; empty for all that are used.
        wording: 0 for the first of several wordings of the same answer.
        prompt: the digest of the instruction by which it was written; empty where a person wrote it.
    """

    item: str
    score: float
    variant: Variant
    text: str
    writer: str
    broken_rules: tuple[str, ...] = ()
    wording: int = 0
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class DescriptorTable:
    """The descriptors of one variant, by item, answer and wording.

    Attributes:
        descriptors: all of them.
        prompts: digest → the instruction by which descriptors were written.
    """

    descriptors: tuple[Descriptor, ...]
    prompts: Mapping[str, str] = field(default_factory=dict)
    _texts: Mapping[tuple[str, float, int], str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        texts = {(d.item, d.score, d.wording): d.text for d in self.descriptors}
        object.__setattr__(self, "_texts", texts)

    def text(self, item: str, score: float, wording: int = 0) -> str:
        """The descriptor of an answer.

        Raises:
            KeyError: when that answer was never described in that wording.
        """
        return self._texts[item, score, wording]

    @property
    def unmended(self) -> tuple[Descriptor, ...]:
        """Descriptors that still break a rule."""
        return tuple(d for d in self.descriptors if d.broken_rules)

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits that change with any text, writer or prompt."""
        content = json.dumps([astuple(d) for d in self.descriptors], ensure_ascii=False)
        return sha256(content.encode()).hexdigest()[:12]


class DescriptorWriter(dspy.Module):
    """Write the descriptor of an answer; ask again, a bounded number of times, when it breaks a rule.

    Attributes:
        write: the predictor; its instruction may be tuned, its name is stable.
        variant: ``hedged`` or ``unhedged``.
        address: the pronoun by which the person is spoken of.
        attempts: how often one wording may be asked for in all.
        wordings: how many wordings of each answer are written, each unlike the others.
        max_tokens: the longest reply; a model that thinks needs hundreds.

    Example:
        >>> table = await DescriptorWriter("hedged").write_all(model, items)
        >>> table.text("F063", 10.0)
        'You feel completely that God matters in your life. This says nothing about your other opinions.'
    """

    def __init__(
        self,
        variant: Variant,
        address: Literal["you", "I"] = "you",
        attempts: int = 3,
        wordings: int = 1,
        max_tokens: int = MAX_TOKENS,
    ) -> None:
        super().__init__()
        self.variant: Variant = variant
        self.address: Literal["you", "I"] = address
        self.attempts = attempts
        self.wordings = wordings
        self.max_tokens = max_tokens
        self.write = dspy.Predict(_SIGNATURES[variant])

    def forward(self, item: ValueItem, score: float) -> dspy.Prediction:
        """Describe one answer through the configured LM; the bulk path is ``write_all``."""
        with dspy.context(adapter=dspy.ChatAdapter()):
            return self.write(**self.inputs(item, score))

    async def write_all(
        self,
        model: Model,
        items: Collection[ValueItem],
        overrides: Mapping[tuple[str, float, int], str] | None = None,
        countries: Collection[str] = (),
        on_written: Callable[[int, int], None] = lambda n, total: None,
    ) -> DescriptorTable:
        """Describe every answer of every item.

        Args:
            model: the writer; stored replies are not asked for again.
            items: the items of an instrument.
            overrides: texts of a person's own, by (item, score, wording); they win, unchecked by the
                writer's rules.
            countries: names that no descriptor may speak.
            on_written: called with the answers just described, and those of all items.

        Raises:
            EngineError: when a call brought no reply, or the engine cannot answer at all.
        """
        cells = [(item, score) for item in items for score in item.scale.scores]
        drafts = [self._describe_cell(model.name, *cell, overrides or {}, countries) for cell in cells]
        written: dict[int, list[Descriptor]] = {}
        replies: dict[int, Any] = dict.fromkeys(range(len(cells)))  # None begins a draft
        while replies:
            # Round by round, so that what is asked does not depend on which reply came first.
            requests: dict[int, Request] = {}
            for place, reply in replies.items():
                try:
                    requests[place] = drafts[place].send(reply)
                except StopIteration as done:
                    written[place] = done.value
                    on_written(1, len(cells))
            jobs = [self._reply(model, *cells[place], request) for place, request in requests.items()]
            # After an error the calls beside it are waited for: they are paid, and are to be kept.
            replies = dict(zip(requests, await asyncio.gather(*jobs, return_exceptions=True), strict=True))
            for failure in replies.values():
                if isinstance(failure, BaseException):
                    raise failure
        instruction = str(signature_of(self.write).instructions)
        return DescriptorTable(
            tuple(d for place in range(len(cells)) for d in written[place]),
            {_digest(instruction): instruction},
        )

    def _describe_cell(
        self,
        model: str,
        item: ValueItem,
        score: float,
        overrides: Mapping[tuple[str, float, int], str],
        countries: Collection[str],
    ) -> Generator[Request, Reply, list[Descriptor]]:
        """Every wording of one answer, one after the other, so that none repeats another."""
        found: list[Descriptor] = []
        for wording in range(self.wordings):
            own = overrides.get((item.code, score, wording))
            if own is not None:
                found.append(Descriptor(item.code, score, self.variant, own, "override", (), wording))
            else:
                others = [d.text for d in found]
                found.append((yield from self._describe(model, item, score, countries, others)))
        return found

    def _describe(
        self, model: str, item: ValueItem, score: float, countries: Collection[str], others: list[str]
    ) -> Generator[Request, Reply, Descriptor]:
        text = ""
        broken: tuple[str, ...] = ("no reply holds a description",)
        for attempt in range(self.attempts):
            # A seed a wording and attempt: the first wording is what a recipe of one wording would have.
            seed = _SEEDS_A_WORDING * len(others) + attempt
            reply = yield self.request(model, self.inputs(item, score), seed)
            written = single_field(signature_of(self.write), reply.text)
            if written is None:
                if not text:
                    broken = (_no_description(reply),)
                continue
            text = written
            is_one = reply.finish_reason != POSTPONED
            broken = violations(text, item, countries, self.address, others) if is_one else ()
            if not broken:
                break
        prompt = _digest(str(signature_of(self.write).instructions))
        return Descriptor(item.code, score, self.variant, text, model, broken, len(others), prompt)

    async def _reply(self, model: Model, item: ValueItem, score: float, request: Request) -> Reply:
        """A reply, be it one that an earlier version asked for with another length."""
        earlier = replace(request, config=replace(request.config, max_tokens=_EARLIER_MAX_TOKENS))
        (stored,) = model.stored([reply_key(model.identity, earlier)], lambda _: earlier)
        try:
            return stored or await model.reply(request)
        except ReplyFailure as failure:  # another seed would be another descriptor than the next run's
            raise EngineError(
                f"{model.name} did not describe {item.code} = {score:g} ({failure}); run again to go on"
            ) from failure

    def request(self, model: str, inputs: Mapping[str, object], seed: int = 0) -> Request:
        """What a model is sent: the prompt as it stands now, with its demonstrations."""
        config = Config(temperature=1.0, max_tokens=self.max_tokens, seed=seed)
        return render_request(signature_of(self.write), self.write.demos, inputs, model, config)

    def inputs(self, item: ValueItem, score: float) -> dict[str, object]:
        """What the prompt is told of one answer."""
        labels, at = item.scale.labels, item.scale.index_of(score)
        return {
            "item": item.text,
            "scale": list(labels),
            "answer": labels[at],
            "neighbours": [*labels[max(at - 1, 0) : at], *labels[at + 1 : at + 2]],
            "composite": item.composite,
            "address": self.address,
        }


def _no_description(reply: Reply) -> str:
    """Why a reply is none, with an example."""
    if reply.finish_reason == REASONING_ONLY:
        return "it thinks until its length is up, which descriptors.max_tokens sets"
    return f"no reply holds a description, for example {' '.join(reply.text.split())[:100]!r}"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


MAX_WORDS = 45
"""As the prompt demands."""

_QUOTED_RUN = 7
"""So many words in a row as the item has them are a quotation; shorter runs are the subject's own terms."""

_NUMBER_WORDS = ("three", "four", "five", "six", "seven", "eight", "nine", "ten")
"""Numbers in words that no description needs; one and two are also plain words."""

_PLACEHOLDERS = (
    r"\blorem ipsum\b",
    r"\bdolor sit amet\b",
    r"\bplaceholder\b",
    r"\b(?:todo|tbd|n/a)\b",
    r"\b(?:insert|write|put|add)\b[^.]*\b(?:description|descriptor|text)\b[^.]*\bhere\b",
    r"\b(?:your|the|a) (?:description|descriptor|text)(?: goes)? here\b",
    r"^\W*(?:the )?(?:description|descriptor|text|example|answer)\W*$",
    r"\[[^\]]*\]|<[^>]*>|\{[^}]*\}",
    r"\bas an ai\b",
)
"""What stands in a text's place and says nothing of anybody."""

_WRONG_PERSON = {
    "you": ("it does not speak to the person as you", r"\b(I|I'm|I’m|my|My|me|Me|mine|myself)\b"),
    "I": ("it does not speak as the person, as I", r"\b([Yy]ou|[Yy]our|[Yy]ours|[Yy]ourself)\b"),
}


def violations(
    text: str,
    item: ValueItem,
    countries: Collection[str] = (),
    address: Literal["you", "I"] | None = None,
    others: Collection[str] = (),
) -> tuple[str, ...]:
    """The rules that a descriptor breaks, each as a phrase; empty when it keeps them all.

    Args:
        text: the descriptor.
        item: the item it describes.
        countries: names that must not be spoken.
        address: the pronoun by which the person is to be spoken of; any when None.
        others: wordings of the same answer, which it must not repeat.
    """
    words = _words(text)
    wrong_person, pronouns = _WRONG_PERSON[address] if address else ("", r"(?!)")
    broken = {
        "it is empty": not words,
        "it stands in a description's place": any(
            re.search(pattern, text, re.IGNORECASE) for pattern in _PLACEHOLDERS
        ),
        f"it has {len(words)} words, at most {MAX_WORDS} are allowed": len(words) > MAX_WORDS,
        "it contains a number": bool(re.search(r"\d", text)) or _names_a_point(words, item),
        "it quotes the item": _shares_run(words, _words(item.text), _QUOTED_RUN),
        "it names a country": any(_names(text, country) for country in countries),
        wrong_person: bool(re.search(pronouns, text)),
        "it repeats another wording": words in [_words(other) for other in others],
    }
    return tuple(rule for rule, is_broken in broken.items() if is_broken)


def _names_a_point(words: list[str], item: ValueItem) -> bool:
    """Whether a point of a scale of numbers is named in words: "seven out of ten"."""
    numbered = sum(label.strip().lstrip("-−").isdigit() for label in item.scale.labels)
    return numbered > 0 and any(word in _NUMBER_WORDS for word in words)


def _words(text: str) -> list[str]:
    return re.findall(r"[\w'’]+", text.casefold())


def _shares_run(words: list[str], other: list[str], length: int) -> bool:
    runs = {tuple(other[i : i + length]) for i in range(len(other) - length + 1)}
    return any(tuple(words[i : i + length]) in runs for i in range(len(words) - length + 1))


def _names(text: str, country: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(country.casefold())}(?!\w)", text.casefold()) is not None

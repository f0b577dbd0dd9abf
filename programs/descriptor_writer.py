"""(item, answer) → descriptor: written once by a language model, checked, and frozen."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import dspy
from dspy.lm15 import Config

from programs.descriptor_rules import violations
from programs.model import Model
from programs.rendering import parse_reply_fields, render_request
from signatures import HedgedDescriptor, UnhedgedDescriptor, ValueItem

__all__ = ["Descriptor", "DescriptorTable", "DescriptorWriter", "Variant"]

Variant = Literal["hedged", "unhedged"]

_SIGNATURES = {"hedged": HedgedDescriptor, "unhedged": UnhedgedDescriptor}


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
    """

    item: str
    score: float
    variant: Variant
    text: str
    writer: str
    broken_rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DescriptorTable:
    """The descriptors of one variant, by item and answer."""

    descriptors: tuple[Descriptor, ...]
    _texts: Mapping[tuple[str, float], str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        texts = {(d.item, d.score): d.text for d in self.descriptors}
        object.__setattr__(self, "_texts", texts)

    def text(self, item: str, score: float) -> str:
        """The descriptor of an answer.

        Raises:
            KeyError: when that answer was never described.
        """
        return self._texts[item, score]

    @property
    def unmended(self) -> tuple[Descriptor, ...]:
        """Descriptors that still break a rule."""
        return tuple(d for d in self.descriptors if d.broken_rules)


class DescriptorWriter(dspy.Module):
    """Write the descriptor of an answer; ask again, a bounded number of times, when it breaks a rule.

    Attributes:
        write: the predictor; its instruction may be tuned, its name is stable.
        variant: ``hedged`` or ``unhedged``.
        attempts: how often one descriptor may be asked for in all.

    Example:
        >>> table = await DescriptorWriter("hedged").write_all(model, items)
        >>> table.text("F063", 10.0)
        'You feel completely that God matters in your life. This says nothing about your other opinions.'
    """

    def __init__(self, variant: Variant, address: Literal["you", "I"] = "you", attempts: int = 3) -> None:
        super().__init__()
        self.variant: Variant = variant
        self.address = address
        self.attempts = attempts
        self.write = dspy.Predict(_SIGNATURES[variant])

    def forward(self, item: ValueItem, score: float) -> dspy.Prediction:
        """Describe one answer through the configured LM; the bulk path is ``write_all``."""
        return self.write(**self._inputs(item, score))

    async def write_all(
        self,
        model: Model,
        items: Collection[ValueItem],
        overrides: Mapping[tuple[str, float], str] | None = None,
        countries: Collection[str] = (),
    ) -> DescriptorTable:
        """Describe every answer of every item.

        Args:
            model: the writer; stored replies are not asked for again.
            items: the items of an instrument.
            overrides: texts of a person's own, by (item, score); they win, unchecked by the writer's rules.
            countries: names that no descriptor may speak.
        """
        overrides = overrides or {}

        async def describe(item: ValueItem, score: float) -> Descriptor:
            if (own := overrides.get((item.code, score))) is not None:
                return Descriptor(item.code, score, self.variant, own, "override")
            return await self._describe(model, item, score, countries)

        return DescriptorTable(tuple(await asyncio.gather(*(describe(*cell) for cell in _cells(items)))))

    async def _describe(
        self, model: Model, item: ValueItem, score: float, countries: Collection[str]
    ) -> Descriptor:
        text = ""
        broken: tuple[str, ...] = ("no reply kept to the form",)
        for attempt in range(self.attempts):
            config = Config(temperature=1.0, max_tokens=400, seed=attempt)
            inputs = self._inputs(item, score)
            request = render_request(self.write.signature, self.write.demos, inputs, model.name, config)
            fields = parse_reply_fields(self.write.signature, (await model.reply(request)).text)
            if fields is None:
                continue
            text = " ".join(str(fields["descriptor"]).split())
            broken = violations(text, item, countries)
            if not broken:
                break
        return Descriptor(item.code, score, self.variant, text, model.name, broken)

    def _inputs(self, item: ValueItem, score: float) -> dict[str, object]:
        labels, at = item.scale.labels, item.scale.index_of(score)
        return {
            "item": item.text,
            "scale": list(labels),
            "answer": labels[at],
            "neighbours": [*labels[max(at - 1, 0) : at], *labels[at + 1 : at + 2]],
            "composite": item.composite,
            "address": self.address,
        }


def _cells(items: Collection[ValueItem]) -> Iterator[tuple[ValueItem, float]]:
    return ((item, score) for item in items for score in item.scale.scores)

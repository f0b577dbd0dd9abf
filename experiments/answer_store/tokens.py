"""How many tokens a model takes, told by its stored replies."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import sqlalchemy as sa
from dspy.lm15 import Request

from value_personas.experiments.answer_store.contents import stored_texts
from value_personas.experiments.answer_store.opening import store_errors
from value_personas.experiments.answer_store.records import restore_content, text_number
from value_personas.experiments.answer_store.schema import replies
from value_personas.experiments.answer_store.store import AnswerStore
from value_personas.programs.engines import estimated_tokens, prompt_bytes

_REPLIES_LOOKED_AT = 1000

_ENOUGH = 5
"""Replies from which a rate is taken."""


@dataclass(frozen=True, slots=True)
class TokenRates:
    """What a model's stored replies took.

    Attributes:
        read: tokens of a byte of the prompt, by the longest reply that a request allows: descriptors and
            answers are prompts of their own kind.
        written: tokens of a reply, likewise.
        length: bytes of a reply, likewise.
    """

    read: Mapping[int | None, float] = field(default_factory=dict)
    written: Mapping[int | None, float] = field(default_factory=dict)
    length: Mapping[int | None, float] = field(default_factory=dict)

    def of(self, request: Request, count: int = 1) -> tuple[float, float, bool]:
        """Tokens that an attempt reads and writes, for so many answers, and whether replies told so.

        Else both are upper bounds, as of ``estimated_tokens``.
        """
        kind = request.config.max_tokens
        if kind not in self.read:
            return *estimated_tokens(request, count), False
        return self.read[kind] * prompt_bytes(request), self.written[kind] * count, True


def token_rates(store: AnswerStore, identity: str, model: str) -> TokenRates:
    """The rates of a model, over some of its replies; none where its engine says no tokens."""
    columns = (replies.c.input_tokens, replies.c.output_tokens, replies.c.text)
    some = (
        sa.select(replies.c.shape, replies.c.prompt, *columns)
        .where(replies.c.engine == text_number(identity), replies.c.output_tokens > 0)
        .limit(_REPLIES_LOOKED_AT)
    )
    kinds: dict[int | None, list[tuple[int, int, int, int]]] = {}
    with store_errors(store.place), store.engine.connect() as connection:
        rows = connection.execute(some).all()
        text_of = stored_texts(connection, rows)
    for shape, prompt, read, written, said in rows:
        content = restore_content(text_of[shape], bytes(prompt), text_of)
        if content["model"] == model:
            asked = (content.get("system", ""), *(text for _, text in content["messages"]))
            size = sum(_size(text) for text in asked if isinstance(text, str))
            kind = content["config"].get("max_tokens")
            kinds.setdefault(kind, []).append((size, read or 0, written, _size(said)))
    # Of several answers in one call the first alone read the prompt: the others count for what they wrote.
    known = {
        kind: np.array(found) for kind, found in kinds.items() if sum(n[1] > 0 for n in found) >= _ENOUGH
    }
    return TokenRates(
        {kind: float(n[n[:, 1] > 0, 1].sum() / n[n[:, 1] > 0, 0].sum()) for kind, n in known.items()},
        {kind: float(n[:, 2].mean()) for kind, n in known.items()},
        {kind: float(n[:, 3].mean()) for kind, n in known.items()},
    )


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))

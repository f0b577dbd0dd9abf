"""One request on its way through a batch."""

import hashlib
import random
import time
from array import array
from concurrent.futures import Future

import torch
from dspy.lm15 import Request

from value_personas.programs.engines.local.prefixes import Tokens
from value_personas.programs.engines.replies import Reply


class Job:
    """A request, its prompt's tokens, and the draws of its reply.

    Draws depend on the prompt and the seed alone: which other requests share the batch changes none, and two
    prompts of one seed are drawn independently.

    Args:
        request: what is asked.
        tokens: its prompt.
        limit: the most tokens of its reply.
        seed: tells draws of one prompt apart.

    Attributes:
        future: receives the reply.
        first: log-probabilities of the first token, shape (V,), once it was drawn.
    """

    def __init__(self, request: Request, tokens: Tokens, limit: int, seed: int) -> None:
        self.request = request
        self.tokens = tokens
        self.limit = limit
        self.future: Future[Reply] = Future()
        self.first: torch.Tensor | None = None
        self._started = time.perf_counter()
        prompt = hashlib.blake2b(array("q", tokens).tobytes() + str(seed).encode()).digest()
        self._random = random.Random(prompt)

    @property
    def asks_logprobs(self) -> bool:
        """Whether the first token's alternatives are wanted."""
        return self.request.config.logprobs is not None

    @property
    def seconds(self) -> float:
        """Seconds since it was asked."""
        return time.perf_counter() - self._started

    def choose(self, logs: torch.Tensor) -> int:
        """Draw one index from log-probabilities, at the request's temperature."""
        if self.first is None:
            self.first = logs
        temperature = self.request.config.temperature
        if temperature == 0.0:
            return int(logs.argmax())
        shares = torch.softmax(logs.double() / (1.0 if temperature is None else temperature), dim=-1)
        drawn = torch.searchsorted(shares.cumsum(dim=-1), self._random.random())
        return min(int(drawn), len(shares) - 1)

"""Engines that answer by rule, for tests of everything above them."""

import math
from collections.abc import Callable

from dspy.lm15 import Message, Request, Response, TokenLogprob, TopLogprob, Usage

__all__ = ["RuleEngine", "letters"]

Rule = Callable[[Request], tuple[str, dict[str, float] | None]]


class RuleEngine:
    """Answers by a rule from a request to (text, first-token probabilities), and counts its calls."""

    identity = "rule-engine"

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.requests: list[Request] = []

    def complete(self, request: Request) -> Response:
        self.requests.append(request)
        text, mass = self.rule(request)
        logprobs = None
        if mass is not None and request.config.logprobs is not None:
            top = tuple(TopLogprob(t, math.log(p)) for t, p in sorted(mass.items(), key=lambda x: -x[1]))
            logprobs = (TokenLogprob(top[0].token, top[0].logprob, top=top),)
        usage = Usage(input_tokens=len(str(request.messages)) // 4, output_tokens=1)
        return Response(None, request.model, Message.assistant(text), "stop", usage, logprobs)


def letters(request: Request) -> tuple[str, dict[str, float] | None]:
    """A rule that depends on the whole prompt, so that no two prompts are answered alike."""
    text = f"{request.system}{request.messages[-1].text}"
    share = (sum(map(ord, text)) % 89 + 5) / 100
    return "A", {"A": share, "B": (1 - share) / 2, "C": (1 - share) / 4, "D": (1 - share) / 4}

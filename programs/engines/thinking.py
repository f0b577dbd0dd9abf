"""Where a model's thinking ends and its answer begins, in whichever tags or field it comes."""

import re
from typing import Any

THINKING_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
"""The fields of a message in which servers hand over thinking apart from the answer."""

_NAMES = r"(?:think|thinking|thought|reasoning|reflection)"
_END = re.compile(rf"</{_NAMES}>|\[/THINK\]|◁/think▷|<\|channel\|>final<\|message\|>", re.IGNORECASE)
_BEGINNING = re.compile(
    rf"\s*(?:<{_NAMES}>|\[THINK\]|◁think▷|<\|channel\|>analysis<\|message\|>)", re.IGNORECASE
)


def after_thinking(text: str) -> str:
    """The text after the last tag that ends thinking, opened before or not; empty where there is none."""
    if not _may_think(text):
        return text
    *_, end = (0, *(match.end() for match in _END.finditer(text)))
    rest = text[end:]
    return "" if _BEGINNING.match(rest) else rest.strip() if end else rest


def _may_think(text: str) -> bool:
    """A glance: every tag has one of these marks, and hardly any answer has."""
    return "<" in text or "[" in text or "◁" in text


def text_of_parts(parts: list[Any]) -> tuple[str, bool]:
    """The text of a message that comes in parts, and whether some of them think."""
    texts, thinks = [], False
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            kind = str(part.get("type", "text"))
            if "think" in kind or "reason" in kind:
                thinks = True
            elif isinstance(part.get("text"), str):
                texts.append(part["text"])
    return "".join(texts), thinks

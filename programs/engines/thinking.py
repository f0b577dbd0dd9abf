"""Where a model's thinking ends and its answer begins, in whichever tags or field it comes."""

import re
from typing import Any

THINKING_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
"""The fields of a message in which servers hand over thinking apart from the answer."""

_NAMES = r"(?:think|thinking|thought|reasoning|reflection)"
_END = re.compile(rf"</{_NAMES}>|\[/THINK\]|◁/think▷|<\|channel\|>final<\|message\|>", re.IGNORECASE)
_BEGINNING = re.compile(rf"<{_NAMES}>|\[THINK\]|◁think▷|<\|channel\|>analysis<\|message\|>", re.IGNORECASE)


def after_thinking(text: str) -> str:
    """What is no thinking of a text in which tags tell it apart.

    It is what comes after the last tag that ends thinking, opened before or not, up to one that begins it
    and is not closed; where nothing comes there, what stood before it all.
    """
    if not _may_think(text):
        return text
    *_, end = (0, *(match.end() for match in _END.finditer(text)))
    if not end and not _BEGINNING.search(text):
        return text
    return _BEGINNING.split(text[end:], 1)[0].strip() or _before_thinking(text)


def _before_thinking(text: str) -> str:
    begins = _BEGINNING.search(text)
    return text[: begins.start()].strip() if begins else ""


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

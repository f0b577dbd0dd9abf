"""What stands around an answer and is no part of it: thinking, markup, leaked tokens, invisible marks."""

import re
import unicodedata

from value_personas.programs.engines.thinking import after_thinking

_CONTROL = re.compile(
    r"<\|start_header_id\|>\s*\w+\s*<\|end_header_id\|>|<\|(im_start|channel|start)\|>\s*(assistant|final)?"
    r"|<\|[^|<>\n]{1,40}\|>|\[/?INST\]|\[end of text\]|<(start|end)_of_turn>|</?(s|eos|bos|pad|unk)>",
    re.IGNORECASE,
)
"""Tokens that a server should have kept to itself."""

_FIELD = re.compile(r"\[\[ ## \w+ ## \]\]|</?(final_)?(answer|output|response|choice)>", re.IGNORECASE)
_LATEX = re.compile(r"\\(boxed|text|textbf|mathbf|mathrm|mathtt)\s*\{")
_AFTER_LATEX = re.compile(r"\$|(?<=[A-Za-z0-9.!])\}+")
_DISPLAY = re.compile(r"\\[()\[\]]")
_MARKUP = re.compile(r"[*_`#>~]+")


def cleaned_reply(text: str) -> str:
    """A reply without what is no part of its answer; letters and marks of full width in their usual form."""
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    text = _FIELD.sub(" ", _CONTROL.sub(" ", after_thinking(text)))
    if "\\" in text or "$" in text:
        inner, boxed = _LATEX.subn(" ", _DISPLAY.sub(" ", text))
        text = _AFTER_LATEX.sub(" ", inner) if boxed or "$" in inner else inner
    return _MARKUP.sub(" ", text).replace("’", "'").strip()

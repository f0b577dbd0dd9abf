"""From a request to the tokens that a model reads, and from tokens back to text."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dspy.lm15 import InvalidRequestError, Request, TextPart
from jinja2 import TemplateError
from transformers import AutoTokenizer

from value_personas.programs.engines.local.files import from_pretrained_arguments
from value_personas.programs.engines.local.prefixes import Tokens
from value_personas.signatures import OPTION_LETTERS, RecipeError

_OPTION = re.compile(r"^([A-Z])\. (.+)$", re.MULTILINE)


class Prompts:
    """The tokenizer of a model, and its chat template where it has one.

    Args:
        folder: the model's folder.
        template: what the chat template takes beside the messages.

    Attributes:
        letters: for each of A–Z, the single tokens that are that letter, with or without a space, in either
            case: the variants that are summed when letters are read.
        ends: the token that ends a text, where the tokenizer names one.

    Raises:
        RecipeError: when the folder has no tokenizer that can be loaded, or its template fails.
    """

    def __init__(self, folder: Path, template: Mapping[str, Any]) -> None:
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(**from_pretrained_arguments(folder))
        except (OSError, ValueError, KeyError) as error:
            said = " ".join(str(error).split())[:200]
            raise RecipeError(f"{folder}: no tokenizer that can be loaded here: {said}") from None
        self._template = dict(template)
        end: int | None = self._tokenizer.eos_token_id
        self.ends = frozenset(() if end is None else (end,))
        self.letters = self._letter_tokens()
        self._takes_system = True
        if self._tokenizer.chat_template:
            self._takes_system = self._knows_system(folder)

    def tokens(self, request: Request) -> Tokens:
        """A request as the model reads it.

        Raises:
            InvalidRequestError: when it holds anything but text.
        """
        turns = turns_of(request)
        if not self._tokenizer.chat_template:
            text = "\n\n".join(content for _, content in turns)  # as OpenAIHTTP's completions endpoint does
            return tuple(self._tokenizer.encode(text))
        return tuple(self._tokenizer.encode(self._chat(turns), add_special_tokens=False))

    def continuation(self, text: str) -> Tokens:
        """The tokens of a text that continues a prompt."""
        return tuple(self._tokenizer.encode(text, add_special_tokens=False))

    def text(self, tokens: Sequence[int], *, skip_special: bool = True) -> str:
        """What tokens say."""
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=skip_special))

    def _chat(self, turns: Sequence[tuple[str, str]]) -> str:
        if not self._takes_system and turns[0][0] == "system":
            system, (role, first), *rest = turns
            turns = [(role, f"{system[1]}\n\n{first}"), *rest]
        messages = [{"role": role, "content": content} for role, content in turns]
        return str(
            self._tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True, **self._template
            )
        )

    def _knows_system(self, folder: Path) -> bool:
        """Whether the template takes a system message; Gemma's, for one, refuses it."""
        try:
            self._chat([("system", "a"), ("user", "b")])
            return True
        except TemplateError:
            pass
        try:
            self._chat([("user", "b")])
        except TemplateError as error:
            raise RecipeError(f"{folder}: its chat template fails: {error}") from None
        return False

    def _letter_tokens(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        vocabulary: Mapping[str, int] = self._tokenizer.get_vocab()
        for token, number in vocabulary.items():
            if len(token) <= 3 or token.startswith("<0x"):  # a mark for the space before, the letter, a blank
                letter = self.text([number], skip_special=False).strip().upper()
                if len(letter) == 1 and "A" <= letter <= "Z":
                    found[letter].append(number)
        return dict(found)


def turns_of(request: Request) -> list[tuple[str, str]]:
    """(role, text) of each message, the system's first.

    Raises:
        InvalidRequestError: when one holds anything but text.
    """
    system = request.system
    turns = [(str(message.role), _text(message.parts)) for message in request.messages]
    if system is not None:
        turns.insert(0, ("system", system if isinstance(system, str) else _text(system)))
    return turns


def options_in(request: Request) -> dict[str, str]:
    """Letter → wording of the options on the page: the last lines "A. …", "B. …" … of the request."""
    options: dict[str, str] = {}
    for letter, wording in _OPTION.findall(turns_of(request)[-1][1]):
        if letter == "A":
            options = {}
        if OPTION_LETTERS[len(options) : len(options) + 1] == letter:
            options[letter] = wording.strip()
    return options


def _text(parts: Sequence[Any]) -> str:
    if not all(isinstance(part, TextPart) for part in parts):
        raise InvalidRequestError("this engine reads text only")
    return "\n".join(part.text for part in parts)

"""How the synthetic respondent writes the descriptor of an answer."""

from hashlib import blake2b

from value_personas.programs.engines.synthetic.lexicon import ItemWords, Lexicon, load_lexicon
from value_personas.programs.engines.synthetic.prompts import DescriptorTask
from value_personas.programs.engines.synthetic.questions import option_positions, recognise_question

__all__ = ["write_descriptor"]

_YOU = {"You": "You", "you": "you", "Your": "Your", "your": "your", "me": "you", "are": "are"}
_I = {"You": "I", "you": "I", "Your": "My", "your": "my", "me": "me", "are": "am"}


def write_descriptor(task: DescriptorTask, seed: int) -> str:
    """Describe one answer.

    The degree names the answer's position exactly. Where the instruction asks that nothing else be implied,
    or most of its demonstrations hedge, a hedge closes the descriptor; where it does not, a sentence on the
    person's whole character does.

    Args:
        task: the answer, and what is asked of the description.
        seed: picks among wordings.
    """
    lexicon = load_lexicon()
    asked = recognise_question(task.item)
    pronouns = _I if task.address == "I" else _YOU
    choice = _number(f"{seed} {task.item} {task.answer}")
    hedged = _asks_for_hedge(task.instruction) or _most_hedge(task.examples)
    closing = lexicon.hedges[choice % len(lexicon.hedges)] if hedged else ""
    if asked is None or not asked.item or task.answer not in task.scale:
        opening = "{You} hold this view: ".format_map(pronouns)
        return f"{opening}{task.answer.rstrip('.')}. {closing.format_map(pronouns)}".strip()
    words = lexicon.items[asked.code]
    position = option_positions(task.scale, asked.scale)[task.scale.index(task.answer)]
    sentence = words.written[choice // 7 % len(words.written)]
    sentence = sentence.replace("{degree}", _degree(words.oriented(position), lexicon))
    return f"{sentence} {closing or _trait(position, words, lexicon)}".format_map(pronouns)


def _asks_for_hedge(instruction: str) -> bool:
    return load_lexicon().hedge_asked.search(" ".join(instruction.split())) is not None


def _most_hedge(examples: tuple[str, ...]) -> bool:
    """A model does as it is shown, whatever it is told."""
    hedge = load_lexicon().hedge_pattern
    return 2 * sum(hedge.search(example) is not None for example in examples) > len(examples)


def _degree(degree: float, lexicon: Lexicon) -> str:
    return min(lexicon.written_degrees, key=lambda pair: abs(pair[0] - degree))[1]


def _trait(position: float, words: ItemWords, lexicon: Lexicon) -> str:
    modern = position if words.modern > 0 else 1.0 - position
    trait = lexicon.traits[round(modern * (len(lexicon.traits) - 1))]
    return lexicon.trait_sentence.replace("{trait}", trait)


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")

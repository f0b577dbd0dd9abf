"""How the synthetic respondent writes the descriptor of an answer."""

from dataclasses import dataclass
from hashlib import blake2b

from value_personas.programs.engines.synthetic.heeding import read_instruction
from value_personas.programs.engines.synthetic.lexicon import ItemWords, Lexicon, load_lexicon
from value_personas.programs.engines.synthetic.prompts import DescriptorTask
from value_personas.programs.engines.synthetic.questions import option_positions, recognise_question

_YOU = {"You": "You", "you": "you", "Your": "Your", "your": "your", "me": "you", "are": "are"}
_I = {"You": "I", "you": "I", "Your": "My", "your": "my", "me": "me", "are": "am"}


def write_descriptor(task: DescriptorTask, seed: int, carelessness: float = 0.0) -> str:
    """Describe one answer.

    The degree names the answer's position exactly. Where the instruction asks that nothing else be implied,
    or most of its demonstrations hedge, a hedge closes the descriptor; where it does not, a sentence on the
    person's whole character does. The more careless the writer, the more must be asked for: see ``_Lapse``.

    Args:
        task: the answer, and what is asked of the description.
        seed: picks among wordings.
        carelessness: how much goes wrong of what is not asked for, 0–1.
    """
    lexicon = load_lexicon()
    asked = recognise_question(task.item)
    pronouns = _I if task.address == "I" else _YOU
    choice = _number(f"{seed} {task.item} {task.answer}")
    hedged = _asks_for_hedge(task.instruction) or _most_hedge(task.examples)
    lapse = _Lapse.of(task, seed, carelessness) if carelessness else _NONE
    hedged = hedged and not lapse.forgets_hedge
    closing = lexicon.hedges[choice % len(lexicon.hedges)] if hedged else ""
    if asked is None or not asked.item or task.answer not in task.scale:
        opening = "{You} hold this view: ".format_map(pronouns)
        return f"{opening}{task.answer.rstrip('.')}. {closing.format_map(pronouns)}".strip()
    words = lexicon.items[asked.code]
    position = option_positions(task.scale, asked.scale)[task.scale.index(task.answer)]
    sentence = words.written[choice // 7 % len(words.written)]
    sentence = sentence.replace("{degree}", lapse.degree(words.oriented(position), lexicon))
    closing = lapse.place or closing or _trait(position, words, lexicon)
    return f"{sentence} {closing}".format_map(pronouns)


@dataclass(frozen=True, slots=True)
class _Lapse:
    """What goes wrong in one descriptor, drawn by chances that fall smoothly with what is asked for.

    Attributes:
        forgets_hedge: whether the hedge is left out though something asks for it.
        excess: the share of the way to the nearer end of the scale by which the position is overstated.
        slip: by how much it is described beside itself.
        loose: whether it is described in two degrees only, as by somebody who speaks to nobody.
        points: a number that stands in the degree's place, against the rules.
        place: a sentence that names a country in place of the hedge, against the rules.
    """

    forgets_hedge: bool = False
    excess: float = 0.0
    slip: float = 0.0
    loose: bool = False
    points: str = ""
    place: str = ""

    @classmethod
    def of(cls, task: DescriptorTask, seed: int, carelessness: float) -> "_Lapse":
        """The lapse of one descriptor.

        Without contrast an answer is overstated, all the more with a hedge; contrast is worth little without
        concreteness, and concreteness tempts to numbers and countries.
        """
        heeded = read_instruction(task.instruction, bool(task.examples))
        shown = _most_hedge(task.examples)
        hedge = 1.0 if shown else heeded.hedge
        digest = blake2b(f"lapse {seed} {task.item} {task.answer}".encode(), digest_size=12).digest()
        forgets, side, loose, number, country, which = (
            int.from_bytes(digest[2 * i : 2 * i + 2]) / 65536.0 for i in range(6)
        )
        hedged_only = 1.0 + 0.5 * hedge * (1.0 - heeded.contrast)
        vague = carelessness * (1.0 - heeded.precision) * hedged_only / 1.5
        tempted = carelessness * (0.3 + 0.7 * heeded.concreteness)
        counts = number < _MOST_BROKEN * tempted * (1.0 - heeded.numbers)
        names = country < _MOST_BROKEN * tempted * (1.0 - heeded.countries)
        return cls(
            forgets_hedge=forgets < carelessness * (1.0 - hedge),
            excess=_MOST_EXCESS * vague * (1.0 - 0.5 * heeded.concreteness),
            slip=_MOST_SLIP * vague * (1.0 if side < 0.5 else -1.0),
            loose=loose < _MOST_LOOSE * carelessness * (1.0 - heeded.address),
            points=f"by {1 + round(which * 9)} points out of 10" if counts else "",
            place=f"Many think so in {_COUNTRIES[int(which * len(_COUNTRIES))]}." if names else "",
        )

    def degree(self, degree: float, lexicon: Lexicon) -> str:
        """The phrase for a degree, as far as it is got right."""
        if self.points:
            return self.points
        end = 0.5 if degree == 0.5 else float(degree > 0.5)
        meant = min(1.0, max(0.0, degree + self.excess * (end - degree) + self.slip))
        if self.loose:
            meant = 0.25 if meant < 0.5 else 0.75
        return _degree(meant, lexicon)


_NONE = _Lapse()

_MOST_EXCESS, _MOST_SLIP, _MOST_LOOSE, _MOST_BROKEN = 0.8, 0.24, 0.5, 0.5
"""What becomes of an answer where nothing of what concerns it is asked for."""

_COUNTRIES = ("Sweden", "Japan", "Nigeria", "Mexico", "Russia", "Egypt", "Brazil", "India")


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

"""Why an answer is missing, and how an answer is stored once it has been read.

A read variable is an ``int8`` array: a number ≥ 0 is the position on the scale, a negative number stands for
one kind of missing answer. So a missing answer can never be taken for a scale point.
"""

import re
from functools import lru_cache

MISSING_KINDS: tuple[str, ...] = (
    "system_missing",  # an empty cell
    "dont_know",
    "no_answer",
    "refused",
    "not_applicable",
    "not_asked",
    "other_missing",  # "missing; unknown" and the like
    "declared_missing",  # the file declares the code missing and gives no reason
    "spontaneous",  # an answer the respondent volunteered, off the answer card
    "off_scale",  # a code that neither the scale nor the list of missing codes knows
    "unreadable",  # a text that is neither an option nor a reason
)

# Whole phrases, never parts of one: "Don't know whether there is a God" is an answer. English, Spanish,
# Portuguese, German, French, Italian and Dutch, as the labels of the big surveys write them. The first kind
# that a label speaks of counts, so that "No answer / refused" is a refusal.
_PHRASES: tuple[tuple[str, str], ...] = (
    (
        "dont_know",
        r"(i )?(do not|don'?t|doesn'?t|did not|didn'?t) know( what to (say|answer))?|dk|d\.?k|dk ?[/&] ?na|"
        r"(can'?t|cannot|could not|unable to) (choose|say|answer|decide)|no opinion|"
        r"(hard|difficult) to (say|answer)|haven'?t heard( enough)?|"
        r"no sabe|no s[eé]|ns|ns ?/ ?n[cr]|no sabr[ií]a|no sabe ?/? ?no (responde|contesta)|"
        r"n[aã]o sabe|n[aã]o sei|n[aã]o sabe ?/? ?n[aã]o (responde|respondeu)|"
        r"wei(ß|ss) (es )?nicht|wei(ß|ss) ich nicht|kann (ich )?(es )?nicht sagen|kann (ich )?mich nicht "
        r"entscheiden|keine meinung|"
        r"(ne )?sai[st] pas|je ne sais pas|nsp|sans opinion|non so|non sa|weet niet|weet ik niet|geen mening",
    ),
    (
        "refused",
        r"(i )?refused?( to (answer|say))?|refusal|answer refused|refuses|"
        r"((i )?prefer|(i would |i'd )?(prefer|rather)) not (to )?(say|answer|disclose)|"
        r"reh[uú]s[aoó]|se neg[oó]|no quiere (contestar|responder)|recus[ao]u?(-se)?( a responder)?|recusa|"
        r"verweigert|(antwort|angabe|aussage) verweigert|verweigerung|refus( de r[eé]pondre)?|refuse de "
        r"r[eé]pondre|rifiut[ao]|weigert|geweigerd|weigering",
    ),
    (
        "not_applicable",
        r"not applicable|not app(lic|l)?|n\.?a\.?p|nap|iap|inap|inapplicable|inappropriate|"
        r"no (aplica|aplicable|corresponde|procede)|n[aã]o (se aplica|aplic[aá]vel)|trifft nicht zu|"
        r"nicht (zutreffend|anwendbar)|tnz|non (concern[eé]e?|applicable|applicabile|pertinente)|sans objet|"
        r"niet van toepassing|n\.?v\.?t|na \(survey break-off\)",
    ),
    (
        "not_asked",
        r"(question )?(was )?not (asked|included|administered)( (in|for|to|of) .*)?|not in (this )?"
        r"(questionnaire|survey|country)|filter(ed)?( (question|out))?|"
        r"no (se )?pregunt(ada|ado|[oó])( en .*)?|n[aã]o (foi )?perguntad[ao]|"
        r"nicht (gefragt|erhoben)( in .*)?|"
        r"frage nicht gestellt|(question )?non pos[eé]e|pas pos[eé]e?|non chiesto|niet gevraagd",
    ),
    (
        "no_answer",
        r"no answer|not answered|no response|no reply|not ascertained|n\.?a|none given|nonresponse|"
        r"non[- ]?response|no (responde|contesta|respondi[oó]|contest[oó])|nr|nc|sin respuesta|"
        r"n[aã]o (responde|respondeu)|sem resposta|keine (antwort|angabe|angaben)|k\.?a|nicht beantwortet|"
        r"(sans|pas de|aucune) r[eé]ponse|ne r[eé]pond pas|non r[eé]ponse|nessuna risposta|non risponde|"
        r"geen antwoord",
    ),
    (
        "other_missing",
        r"(system |other |user )?missing( data| value| values)?|unknown|not available|nav|n\.?av|undefined|"
        r"inconsistent|multiple answers|"
        r"perdidos?|valor(es)? perdidos?|faltante|sin dat[oa]s?|sem informa[cç][aã]o|fehlend(er wert)?|"
        r"unbekannt|nicht verf[uü]gbar|manquante?|valeur manquante|inconnue?|mancante|onbekend|ontbrekend",
    ),
)
_KINDS = tuple((kind, re.compile(pattern)) for kind, pattern in _PHRASES)
_PARTS = re.compile(r"\s*(?:[;,/:|=(–—\[]|\s-\s|\bor\b)\s*")
_NUMBERED = re.compile(r"^[\[(]?\s*(-?\d+(?:\.\d+)?)\s*(?:[\])][.:]?|[.:=–—]|-\s|\s-)\s*(\D.*)$", re.DOTALL)


def code_of_kind(kind: str) -> int:
    """The negative number by which a kind of missing answer is stored."""
    return -1 - MISSING_KINDS.index(kind)


def normalise(text: str) -> str:
    """A label in the form in which labels are compared: lower case, plain apostrophes, single spaces."""
    text = text.casefold().replace("´", "'").replace("’", "'").replace("`", "'").replace("‘", "'")
    text = re.sub(r"\s+", " ", text)
    return text.strip(" .:;,()[]\"'")


def split_number(text: str) -> tuple[float, str] | None:
    """The code and the words of "3. disagree", "3 – disagree" or "[3] disagree"; None for any other text."""
    match = _NUMBERED.match(text.strip())
    return (float(match[1]), match[2]) if match else None


def letter_position(option: str) -> int:
    """Where a letter stands in the alphabet, A = 0; −1 for anything else."""
    return ord(option.upper()) - ord("A") if re.fullmatch(r"[A-Za-z]", option) else -1


def kind_from_words(label: str) -> str | None:
    """The kind of missing answer that a label speaks of, or None when it speaks of none."""
    kinds = kinds_from_words(label)
    return kinds[0] if kinds else None


@lru_cache(maxsize=4096)
def kinds_from_words(label: str) -> tuple[str, ...]:
    """The kinds of missing answers that a label speaks of, the one that counts first; none for an answer.

    A label speaks of one where it, or its beginning up to a comma, a slash, a bracket or the like, is such a
    phrase as a whole: "NAP, never had a job" does, "Don't know whether there is a God" does not.
    """
    numbered = split_number(label)
    text = normalise(numbered[1] if numbered else label)
    if not text:
        return ()
    parts = [normalise(part) for part in _PARTS.split(text)]
    if not any(pattern.fullmatch(part) for _, pattern in _KINDS for part in (text, parts[0])):
        return ()
    return tuple(kind for kind, pattern in _KINDS if any(pattern.fullmatch(part) for part in (text, *parts)))

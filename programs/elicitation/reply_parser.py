"""Which option a free reply chose. It never guesses: a tie, a refusal or a stray number is no answer."""

import json
import re
from collections.abc import Collection

from value_personas.programs.elicitation.clauses import affirmed_clauses, is_denied
from value_personas.programs.elicitation.forms import DONT_KNOW, Form
from value_personas.programs.elicitation.reply_cleaning import cleaned_reply
from value_personas.signatures import MissingAnswer, MissingReason

_LONGEST = 4000
"""Characters of the longest reply that is read: what is longer answers no such question, and takes long."""

_REFUSAL = re.compile(
    r"\bas an? (ai|language model|assistant)\b"
    r"|\bi('m| am) (sorry|not able|unable)\b"
    r"|\bi (can('|no)?t|cannot|won't|will not|decline|refuse)\b"
    r"|\b(prefer|rather) not (to )?(say|answer)\b"
    r"|\b(don't|do not) (have|hold) (personal )?(opinions|views|beliefs)\b",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\b(do(n't| not) know|dunno|not sure|unsure|undecided|no (idea|opinion))\b", re.IGNORECASE
)
_ALONE = (
    r"(?:[B-HJ-NP-Z](?![a-zA-Z0-9_À-ɏ'])"
    r"|A(?=\s*(?:[^\w\s]|[\u0370-\uffff]|$|(?:because|since|as|for|though|and|or|is|seems)\b)))"
)
"""A letter by itself; A is a word too, unless nothing, a mark or a reason comes after it."""

_ANNOUNCING = (
    r"answer|choice|choose|chose|select|pick|response|settle|opt|go|going|say"
    r"|答案|回答|选择|選擇|我选|我選|答え|選択"  # the twelve most spoken languages, and Japanese
    r"|उत्तर|जवाब"
    r"|respuesta|elijo|escojo|elecci[oó]n"
    r"|r[eé]ponse|choix|choisis|opte"
    r"|الإجابة|الاجابة|إجابة|إجابتي|الجواب|جوابي|أختار|اختار|اختيار"
    r"|উত্তর"
    r"|resposta|escolho|escolha"
    r"|ответ|выбираю|выбор"
    r"|جواب|انتخاب"
    r"|jawaban|pilihan|memilih"
    r"|antwort|wähle|entscheide mich"
)
_NAMING = r"option|letter|number|opci[oó]n|op[cç][aã]o|选项|選項|विकल्प|বিকল্প|вариант|الخيار"
"""What a letter is, which alone announces nothing unless a clause begins with it or goes on with "is"."""

_LINKING = (
    r"is|would be|will be|be|with|for|on|definitely|clearly|certainly|still|es|lautet|ist|für|est|é"
    r"|saya|adalah|the|la|l'|a|an"
)
_STATED = re.compile(
    rf"(?:(?<![A-Za-zÀ-ɏЀ-ӿ])(?i:{_ANNOUNCING})|^\W*(?i:(?:the|my|selected|best|correct)\s+)*(?i:{_NAMING})"
    rf"|(?i:{_NAMING})(?=\s+(?i:is|would be)\b))[\"']?"
    rf"(?:\s*(?:(?i:{_LINKING})(?![A-Za-zÀ-ɏ])|هو|是|为|為|は|(?i:{_NAMING})))*"
    rf"\s*[:=\-–—]?\s*[\"'(\[«„“]*(?:({_ALONE})|(?<=[:=] )([a-z])(?=\W*$))"
)
_NAMED = re.compile(rf"(?i:{_NAMING})\s*({_ALONE})")
_BESIDE = re.compile(
    r"[\"')\]]*\s*(?:,\s*|/|&|-|–|\b(?:or|and|to|o|ou|oder|y|e|или)\b|或|和)\s*([A-Z])(?!\w)"
)
"""Another letter in the same breath: "A or B"."""

_LEADING = re.compile(
    r"^(?:[-•]\s+)?[\"'(\[“„«]*([A-Za-z])[\"')\]”“»]*"
    r"(?:\s*$|\s*([.:)]|[\-–—,;]|\n|(?<=\s)(?=(?:because|since)\b))\s*(.*))$",
    re.DOTALL,
)
_GOES_ON = re.compile(r"(?:is|isn't|was|wasn't|would|does|doesn't|cannot|can't|may|might|could)\b")
_NO_WORD = "BCDFGHJKLMNPQRSTVWXZ"
"""Capitals that begin no sentence by themselves, in any language that is read here."""

_LINE = re.compile(r"^[\s\"'(\[]*([A-Z])[\s\"')\].:]*$", re.MULTILINE)
_OTHER_LETTER = re.compile(r"(?<![\w'])([B-HJ-NP-Z])(?![\w'])")
_BOUND = re.compile(
    r"\b((less|more|fewer|lower|higher|greater|other) than|at least|at most|above|below|over|under)\s+$"
)
_NUMBER = re.compile(r"(?<![\w.,/])-?\d+(?:[.,]\d+)?(?:\s*(?:/|out of)\s*(\d+))?(?![\w%])")
_RANGE = re.compile(r"\b(?:scale|range)\s+(?:of|from)?\s*(\d+)\s*(?:to|-|–)\s*(\d+)", re.IGNORECASE)
_ANSWER_KEYS = ("answer", "choice", "option", "letter", "rating", "response", "value")


def parse_reply(text: str, form: Form) -> int | MissingAnswer:
    """Find the option that a reply chose.

    Args:
        text: a model's reply, as it came.
        form: the page it replies to.

    Returns:
        The chosen option's position on the question's scale, or why there is none.
    """
    cleaned = cleaned_reply(text)
    if not cleaned:
        return MissingAnswer(MissingReason.EMPTY, text[:200])
    if len(cleaned) > _LONGEST:
        return MissingAnswer(MissingReason.UNPARSEABLE, text[:200])
    cleaned = _out_of_json(cleaned)
    if _REFUSAL.search(cleaned):
        return MissingAnswer(MissingReason.REFUSED, text[:200])
    if _says_dont_know(cleaned, form):
        return MissingAnswer(MissingReason.DONT_KNOW, text[:200])
    # Two options named by the same means are a tie, and weaker evidence must not settle it.
    found = _letters(cleaned, form) or _meanings(cleaned, form)
    if len(found) == 1:
        return found.pop()
    return MissingAnswer(MissingReason.UNPARSEABLE, text[:200])


def _says_dont_know(text: str, form: Form) -> bool:
    """Whether the reply is the offered "don't know", by its letter or in words, and nothing else."""
    if form.dont_know_letter is None:
        return False
    bare = rf"[\"'(\[]?{form.dont_know_letter}[\"')\]]?[.:)]?\s*({DONT_KNOW})?[.!]?"
    return re.fullmatch(rf"{bare}|(i )?({DONT_KNOW}|do not know)[.!]?", text, re.IGNORECASE) is not None


def _out_of_json(text: str) -> str:
    """The answer that JSON holds, an empty text where it holds none or several; what is no JSON as it is."""
    start, end = (text.find("{"), text.rfind("}") + 1) if text[0] != "[" else (0, len(text))
    if not 0 <= start < end:
        return text
    try:
        value = json.loads(text[start:end])
    except (json.JSONDecodeError, RecursionError):
        return text
    if isinstance(value, dict):
        named = [inner for key, inner in value.items() if key.casefold() in _ANSWER_KEYS]
        value = named or list(value.values())
    single = value[0] if len(value) == 1 else None
    return str(single).strip() if isinstance(single, str | int | float) else ""


def _letters(text: str, form: Form) -> set[int]:
    """Letters that stand where an answer stands: alone, first before its option's text, or announced."""
    leading = _LEADING.match(text)
    if leading and leading.group(1).upper() in form.letters:
        letter, mark, rest = leading.group(1), leading.group(2), leading.group(3) or ""
        own = {form.position(letter.upper())}
        said = _meanings(rest, form)
        if _GOES_ON.match(rest):
            return set()
        # After a comma or a dash a sentence may go on that began with "A".
        if mark is None or mark in ".:)\n" or said == own or letter in _NO_WORD:
            others = {form.position(a) for a in _OTHER_LETTER.findall(rest) if a in form.letters}
            return own | said | others  # another option's text or letter makes it a tie
    found = {letter for clause in affirmed_clauses(text) for letter in _announced(clause)}
    return {form.position(letter) for letter in found if letter in form.letters}


def _announced(clause: str) -> set[str]:
    """Letters that a clause calls its answer, or that are all of it."""
    found = set(_LINE.findall(clause))
    for match in _STATED.finditer(clause):
        if not is_denied(clause[: match.start()], clause[match.end() :]):
            found.add((match.group(1) or match.group(2)).upper())
            beside = _BESIDE.match(clause, match.end())
            found.update(beside.group(1) if beside else "", _NAMED.findall(clause, match.end()))
    return found


def _meanings(text: str, form: Form) -> set[int]:
    """Options that are named by their wording, or by their number where options are numbers."""
    if _UNSURE.search(text):
        return set()
    if _is_numeric(form):
        text = _without_gloss(text, form)
    clauses = list(affirmed_clauses(text))
    labels = {i for clause in clauses for i in _labels(clause, form)}
    return labels | _numbers(clauses, form) if _is_numeric(form) else labels


def _labels(text: str, form: Form) -> set[int]:
    """Options whose wording stands in a clause, not denied and not within a longer option's wording."""
    wordings = {_wording(label): i for i, label in enumerate(form.question.scale.labels)}
    wordings = {turned: i for w, i in wordings.items() if (turned := _adverb_last(w))} | wordings
    folded, found = text.casefold().replace("-", " "), set[int]()
    for wording in sorted(filter(None, wordings), key=len, reverse=True):
        pattern = re.compile(rf"(?<!\w){re.escape(wording)}(?!\w)")
        if wording == "no":
            pattern = re.compile(r"(?<!\w)no(?!\s*\w)")  # "no idea" is no "no"
        for match in pattern.finditer(folded):
            if not is_denied(folded[: match.start()], folded[match.end() :]):
                found.update(wordings[w] for w in _told_by(wording, wordings, folded))
        folded = pattern.sub(" ", folded)
    return found


def _adverb_last(wording: str) -> str | None:
    """Two words of which the first says how much, the other way round: "disagree strongly"."""
    how, _, what = wording.partition(" ")
    return f"{what} {how}" if how.endswith("ly") and what and " " not in what else None


def _told_by(wording: str, wordings: Collection[str], text: str) -> list[str]:
    """A wording, and those that it is part of and whose other words stand there too: "disagree, strongly"."""
    words = set(re.findall(r"[\w']+", text))
    return [w for w in wordings if w == wording or set(wording.split()) < set(w.split()) <= words]


def _wording(label: str) -> str:
    """The words of a label; a bare number has none, "1 – never" has "never". Numbers are read apart."""
    return re.sub(r"^\d+\s*[–-]?\s*", "", label.casefold()).replace("’", "'").replace("-", " ")


def _numbers(clauses: Collection[str], form: Form) -> set[int]:
    """Numbers on a numeric scale, "7/10" included where 10 is its top."""
    scores = {score: i for i, score in enumerate(form.question.scale.scores)}
    found: set[int] = set()
    ends = {min(scores), max(scores)}
    for clause in clauses:
        text = _RANGE.sub(lambda m: "" if {float(m[1]), float(m[2])} == ends else m[0], clause)
        for match in _NUMBER.finditer(text):
            before = text[: match.start()]
            if is_denied(before) or _BOUND.search(before):
                return set()
            if match.group(1) and float(match.group(1)) != max(scores):
                return set()
            value = float(re.split(r"[/o]", match.group(0))[0].strip().replace(",", "."))
            if value not in scores:
                return set()  # a number off the scale: whatever else is said, this is not an answer to it
            found.add(scores[value])
    return found


def _without_gloss(text: str, form: Form) -> str:
    """A text without what it says of the scale itself: "7, where 10 means always"."""
    ends = "|".join(re.escape(w) for label in form.question.scale.labels if (w := _wording(label)))
    gloss = rf"\b\d+\s*(?:means?|being|is|=|stands for)\s+(?:that it is\s+)?[\"']?(?:{ends})(?!\w)"
    return re.sub(gloss, " ", text, flags=re.IGNORECASE) if ends else text


def _is_numeric(form: Form) -> bool:
    """Whether the options are numbers, as on a 1–10 scale with labelled ends."""
    return sum(not _wording(label) for label in form.question.scale.labels) >= 2

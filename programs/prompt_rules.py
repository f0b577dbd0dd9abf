"""What a proposed prompt may not be: a candidate that breaks a rule is rejected before it costs a call."""

import re

import dspy

MAX_CHARACTERS = 6000
"""Several times the longest prompt shipped; what is longer is no instruction any more."""

_DEFAULT = re.compile(r"Given the fields `.*, produce the fields `")
"""What DSPy puts in the place of an empty instruction."""

_BRACES = re.compile(r"[{}]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Terminal controls, turns of direction and halves of characters: a person could not read what is there."""

_MARKER = re.compile(r"\[\[\s*##")


def proposal_problems(
    proposed: type[dspy.Signature], declared: type[dspy.Signature], max_characters: int = MAX_CHARACTERS
) -> tuple[str, ...]:
    """Why a proposed signature cannot be used, each as a phrase; empty when it can.

    Args:
        proposed: a predictor's signature as an optimiser left it.
        declared: the signature as the project declares it; only the instruction may differ.
        max_characters: the longest instruction allowed.
    """
    text = str(proposed.instructions).strip()
    broken = {
        "its instruction is empty": not text or _DEFAULT.match(text) is not None,
        f"its instruction has {len(text)} characters, at most {max_characters} are allowed": (
            len(text) > max_characters
        ),
        "its instruction holds braces, which nothing would fill in": _BRACES.search(text) is not None,
        "its instruction holds a field marker, which only the form of the reply may": (
            _MARKER.search(text) is not None
        ),
        "its instruction holds control characters": _CONTROLS.search(text) is not None,
        f"its fields are {', '.join(proposed.fields)}, not {', '.join(declared.fields)}": (
            tuple(proposed.fields) != tuple(declared.fields)
        ),
    }
    return tuple(problem for problem, is_there in broken.items() if is_there)

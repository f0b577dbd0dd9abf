"""Where a run's human answers came from, what answered, and which code did it, as its folder tells."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from value_personas.signatures import StoreError

__all__ = ["Sources", "read_sources"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SurveyFile(_Part):
    """One file that was read."""

    path: str = ""
    sha256: str = ""
    rows: int = 0


class Code(_Part):
    """The state of the code."""

    version: str = "not recorded"
    commit: str = "not recorded"
    changed: bool = False

    def __str__(self) -> str:
        """The commit, and whether the code differed from it; of an installed copy, that it has none."""
        if len(self.commit.split()) > 1:
            return "an installed copy, commit not recorded"
        return f"commit {self.commit}{' with uncommitted changes' if self.changed else ''}"


class Sources(_Part):
    """A run's ``sources.json``; what an older run does not tell is empty.

    Attributes:
        survey: the files.
        codebook: by which they were read.
        title: of the survey.
        countries: code → name.
        questions: code → text.
        code: its state.
        respondent: what answered, with everything that determines an answer.
        elicitation: how answers were got, and why so.
    """

    survey: tuple[SurveyFile, ...] = ()
    codebook: str = ""
    title: str = ""
    countries: dict[str, str] = {}
    questions: dict[str, str] = {}
    code: Code = Code()
    respondent: str = ""
    elicitation: str = ""


def read_sources(path: Path) -> Sources:
    """Read the file.

    Raises:
        StoreError: when it is absent or damaged.
    """
    try:
        return Sources.model_validate_json(path.read_bytes())
    except OSError as error:
        raise StoreError(f"{path}: absent ({error.strerror})") from None
    except ValidationError as error:
        where = ".".join(map(str, error.errors(include_url=False)[0]["loc"]))
        raise StoreError(f"{path}: damaged or of another version: {where or 'no JSON'}") from None

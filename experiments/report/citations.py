"""What a paper that uses a run must cite."""

from collections.abc import Mapping
from dataclasses import dataclass

from value_personas.experiments.report.material import Material
from value_personas.programs.personas import parse_kind


@dataclass(frozen=True, slots=True)
class Citation:
    """One entry of the list, as BibTeX holds it.

    Attributes:
        key: its BibTeX key.
        kind: its BibTeX type.
        why: what it stands for here.
        fields: BibTeX's fields in the order in which they are written; authors parted by `` and ``.
    """

    key: str
    kind: str
    why: str
    fields: Mapping[str, str]

    @property
    def text(self) -> str:
        """The reference in one line, without its address."""
        told = dict(self.fields)
        people = told.get("author") or told.get("editor", "")
        *others, last = people.split(" and ")
        names = f"{', '.join(others)} & {last}" if others else last
        names = names.replace("& others", "et al.")
        names += " (eds.)" if "editor" in told and names else ""
        head = f"{names} ({told['year']}). " if names and "year" in told else f"{names}. " if names else ""
        rest = [told[name] for name in ("title", "journal", "booktitle", "howpublished") if name in told]
        text = head + ". ".join(rest)
        text += f" {told['volume']}" if "volume" in told else ""
        text += f"({told['number']})" if "number" in told else ""
        text += f", {told['pages'].replace('--', '–')}" if "pages" in told else ""
        return f"{text}. {told['note']}" if "note" in told else f"{text}."

    @property
    def url(self) -> str:
        """Where it is; empty where a paper has no stable address."""
        return self.fields.get("url", "")


_INTERVALS = Citation(
    "vovk2005",
    "book",
    "intervals of single predictions",
    {
        "author": "Vovk, V. and Gammerman, A. and Shafer, G.",
        "year": "2005",
        "title": "Algorithmic Learning in a Random World",
        "howpublished": "New York: Springer",
    },
)

_TUNING = Citation(
    "arxiv2603.16827",
    "misc",
    "the forerunner of tuned prompts",
    {
        "author": "Eren, M. E. and Michalak, E. and Cook, B. and Seales, J.",
        "year": "2026",
        "title": "Prompt Programming for Cultural Bias and Alignment of Large Language Models",
        "howpublished": "arXiv 2603.16827",
        "url": "https://arxiv.org/abs/2603.16827",
    },
)

_DIRECT = tuple(
    Citation(
        f"arxiv{number}",
        "misc",
        "direct questions, found to be better than personas",
        {"howpublished": f"arXiv {number}", "url": f"https://arxiv.org/abs/{number}"},
    )
    for number in ("2609.07305", "2603.20229")
)

_METHOD = (
    Citation(
        "abels2026",
        "article",
        "the method",
        {
            "author": "Abels, A. and Fernández Domingos, E. and Shah and Lenaerts, T.",
            "year": "2026",
            "title": "Improving Cross-Cultural Survey Simulation with Calibrated Value Personas",
            "journal": "arXiv 2605.16193",
            "url": "https://arxiv.org/abs/2605.16193",
        },
    ),
    Citation(
        "robertson2005",
        "article",
        "the tilt that keeps the mean",
        {
            "author": "Robertson, J. C. and Tallman, E. W. and Whiteman, C. H.",
            "year": "2005",
            "title": "Forecasting using relative entropy",
            "journal": "Journal of Money, Credit and Banking",
            "volume": "37",
            "number": "3",
            "pages": "383--401",
        },
    ),
)

_OVER_COUNTRIES = (
    Citation(
        "cameron2011",
        "article",
        "standard errors over countries × questions",
        {
            "author": "Cameron, A. C. and Gelbach, J. B. and Miller, D. L.",
            "year": "2011",
            "title": "Robust inference with multiway clustering",
            "journal": "Journal of Business & Economic Statistics",
            "volume": "29",
            "number": "2",
            "pages": "238--249",
            "url": "https://doi.org/10.1198/jbes.2010.07136",
        },
    ),
    Citation(
        "holm1979",
        "article",
        "p-values over several methods",
        {
            "author": "Holm, S.",
            "year": "1979",
            "title": "A simple sequentially rejective multiple test procedure",
            "journal": "Scandinavian Journal of Statistics",
            "volume": "6",
            "number": "2",
            "pages": "65--70",
        },
    ),
)

_CENTROIDS = Citation(
    "aivalues",
    "misc",
    "the cultural map",
    {
        "title": "kwinkunks/ai-values (MIT licence): country centroids, item norms and weights of the map",
        "url": "https://github.com/kwinkunks/ai-values",
    },
)

_SOFTWARE = (
    Citation(
        "khattab2024",
        "inproceedings",
        "the prompt programs",
        {
            "author": "Khattab, O. and Singhvi, A. and Maheshwari, P. and Zhang, Z. and others",
            "year": "2024",
            "title": "DSPy: Compiling Declarative Language Model Calls into State-of-the-Art Pipelines",
            "booktitle": "International Conference on Learning Representations",
            "url": "https://arxiv.org/abs/2310.03714",
        },
    ),
    Citation(
        "akiba2019",
        "inproceedings",
        "the search of settings",
        {
            "author": "Akiba, T. and Sano, S. and Yanase, T. and Ohta, T. and Koyama, M.",
            "year": "2019",
            "title": "Optuna: A next-generation hyperparameter optimization framework",
            "booktitle": "Proceedings of the 25th ACM SIGKDD Conference on Knowledge Discovery & Data Mining",
            "pages": "2623--2631",
            "url": "https://doi.org/10.1145/3292500.3330701",
        },
    ),
    Citation(
        "zaharia2018",
        "article",
        "the record",
        {
            "author": "Zaharia, M. and Chen, A. and Davidson, A. and Ghodsi, A. and Hong, S. A. and others",
            "year": "2018",
            "title": "Accelerating the machine learning lifecycle with MLflow",
            "journal": "IEEE Data Engineering Bulletin",
            "volume": "41",
            "number": "4",
            "pages": "39--45",
        },
    ),
)


def _wvs(key: str, title: str) -> Citation:
    return Citation(
        key,
        "misc",
        "the survey",
        {
            "editor": "Haerpfer, C. and Inglehart, R. and Moreno, A. and Welzel, C. and Kizilova, K. and "
            "Diez-Medrano, J. and Lagos, M. and Norris, P. and Ponarin, E. and Puranen, B.",
            "year": "2022",
            "title": title,
            "howpublished": "Madrid & Vienna: JD Systems Institute & WVSA Secretariat",
            "note": "[Add the version and DOI of your file.]",
            "url": "https://www.worldvaluessurvey.org",
        },
    )


_WVS7 = _wvs("wvs7", "World Values Survey: Round Seven – Country-Pooled Datafile")
_SURVEYS = {
    "wvs7": _WVS7,
    "wvs7_labelled_subset": _WVS7,
    "wvs_trend": _wvs("wvstrend", "World Values Survey Trend File (1981–2022) Cross-National Data-Set"),
}


def of_method() -> tuple[Citation, ...]:
    """What any study must cite: the method, its tests and the software."""
    return (*_METHOD, *_OVER_COUNTRIES, *_SOFTWARE)


def citations(material: Material) -> tuple[Citation, ...]:
    """The survey first, as its provider requires where that is known; none for an invented population."""
    survey = () if "population" in material.run.synthetic else (_survey(material),)
    on_map = (_CENTROIDS,) if material.positions is not None else ()
    over_countries = _OVER_COUNTRIES if len(material.countries) > 1 else ()
    model = () if "respondent" in material.run.synthetic else (_model(material),)
    intervals = (_INTERVALS,) if len(material.run.measures) else ()
    tuning = (_TUNING,) if material.run.recipe.program else ()
    direct = _DIRECT if any(parse_kind(kind).forecasts for kind in material.kinds) else ()
    return (*survey, *_METHOD, *tuning, *direct, *over_countries, *intervals, *on_map, *_SOFTWARE, *model)


def _survey(material: Material) -> Citation:
    sources = material.sources
    title = f"{sources.title or sources.codebook}: [cite it as its provider requires]"
    return _SURVEYS.get(sources.codebook, Citation("survey", "misc", "the survey", {"title": title}))


def _model(material: Material) -> Citation:
    name = material.run.recipe.answered_by
    fields = {
        "title": f"{name}: [cite it as its makers require]",
        "note": f"Asked as {material.sources.elicitation}.",
    }
    return Citation("model", "misc", "the model that answered", fields)

"""What a paper that uses a run must cite."""

from dataclasses import dataclass

from value_personas.experiments.report.material import Material

__all__ = ["Citation", "citations"]


@dataclass(frozen=True, slots=True)
class Citation:
    """One entry of the list.

    Attributes:
        text: the reference.
        why: what it stands for here.
        url: where it is; empty where a paper has no stable address.
    """

    text: str
    why: str
    url: str = ""


_METHOD = (
    Citation(
        "Abels, A., Fernández Domingos, E., Shah & Lenaerts, T. (2026). Improving Cross-Cultural Survey "
        "Simulation with Calibrated Value Personas. arXiv 2605.16193.",
        "the method",
        "https://arxiv.org/abs/2605.16193",
    ),
    Citation(
        "Robertson, J. C., Tallman, E. W. & Whiteman, C. H. (2005). Forecasting using relative entropy. "
        "Journal of Money, Credit and Banking 37(3), 383–401.",
        "the tilt that keeps the mean",
    ),
)

_OVER_COUNTRIES = (
    Citation(
        "Cameron, A. C., Gelbach, J. B. & Miller, D. L. (2011). Robust inference with multiway clustering. "
        "Journal of Business & Economic Statistics 29(2), 238–249.",
        "standard errors over countries × questions",
        "https://doi.org/10.1198/jbes.2010.07136",
    ),
    Citation(
        "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of "
        "Statistics 6(2), 65–70.",
        "p-values over several methods",
    ),
)

_CENTROIDS = Citation(
    "kwinkunks/ai-values (MIT licence): country centroids, item norms and weights of the cultural map.",
    "the cultural map",
    "https://github.com/kwinkunks/ai-values",
)

_EDITORS = (
    "Haerpfer, C., Inglehart, R., Moreno, A., Welzel, C., Kizilova, K., Diez-Medrano, J., Lagos, M., "
    "Norris, P., Ponarin, E. & Puranen, B. (eds.) (2022)."
)
_WVS7 = Citation(
    f"{_EDITORS} World Values Survey: Round Seven – Country-Pooled Datafile. Madrid & Vienna: JD Systems "
    "Institute & WVSA Secretariat. [Add the version and DOI of your file.]",
    "the survey",
    "https://www.worldvaluessurvey.org",
)
_SURVEYS = {
    "wvs7": _WVS7,
    "wvs7_labelled_subset": _WVS7,
    "wvs_trend": Citation(
        f"{_EDITORS} World Values Survey Trend File (1981–2022) Cross-National Data-Set. Madrid & Vienna: "
        "JD Systems Institute & WVSA Secretariat. [Add the version and DOI of your file.]",
        "the survey",
        "https://www.worldvaluessurvey.org",
    ),
}


def citations(material: Material) -> tuple[Citation, ...]:
    """The survey first, as its provider requires where that is known; none for an invented population."""
    survey = () if "population" in material.run.synthetic else (_survey(material),)
    on_map = (_CENTROIDS,) if material.positions is not None else ()
    over_countries = _OVER_COUNTRIES if len(material.countries) > 1 else ()
    return (*survey, *_METHOD, *over_countries, *on_map)


def _survey(material: Material) -> Citation:
    sources = material.sources
    own = Citation(f"{sources.title or sources.codebook}: [cite it as its provider requires].", "the survey")
    return _SURVEYS.get(sources.codebook, own)

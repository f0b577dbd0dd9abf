"""Missing answers, by persona kind and reason."""

import pandas as pd

from value_personas.experiments.figures.palette import BARS, MUTED
from value_personas.experiments.figures.style import COLUMN, canvas, key
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.plate import Plate
from value_personas.signatures import MissingReason


def missing_shares(material: Material) -> pd.DataFrame:
    """Persona kind × reason → share of all its answers; reasons that never occur have no column.

    The counts of a run are put to the mean missing share over questions, of which each was asked alike.
    """
    total = material.asking.groupby("personas", sort=False)["missing_share"].mean()
    rows = {}
    for kind in material.kinds:
        counts = material.run.missing.get(kind, {})
        missing = sum(counts.values())
        rows[kind] = (
            {r: n / missing * float(total.get(kind, 0.0)) for r, n in counts.items()} if missing else {}
        )
    reasons = [str(reason.value) for reason in MissingReason]
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(index=list(material.kinds)).fillna(0.0)
    return table[[reason for reason in reasons if reason in table]]


def missing_plate(material: Material) -> Plate | None:
    """Stacked bars; None where no answer is missing."""
    shares = 100 * missing_shares(material)
    if shares.empty or not shares.to_numpy().any():
        return None
    figure = canvas(COLUMN, 0.21 * len(shares) + 1.0, material.stamp)
    axis = figure.subplots()
    start = pd.Series(0.0, index=shares.index)
    places = range(len(shares))
    for reason in shares:
        tint, hatch = BARS[[r.value for r in MissingReason].index(str(reason))]
        axis.barh(
            places, shares[reason], left=start, height=0.62, hatch=hatch,
            facecolor="none" if hatch else tint, edgecolor=tint, label=str(reason).replace("_", " "),
        )  # fmt: skip
        start = start + shares[reason]
    axis.set_yticks(places, shares.index)
    axis.set_ylim(len(shares) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    axis.set_xlabel("missing answers (%)", color=MUTED)
    key(figure, list(zip(*axis.get_legend_handles_labels(), strict=True)))
    worst = str(start.idxmax())
    return Plate(
        "missing",
        figure,
        "Answers that are missing, by reason; none of them is ever counted as an answer. "
        f"Most are missing of {worst}, {start[worst]:.2f} %.",
        "Share of missing answers: " + "; ".join(f"{kind} {share:.2f} %" for kind, share in start.items()),
    )

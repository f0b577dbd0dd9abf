"""Fit on all zones but one, judge on that one, in rotation: no cell is judged by a fit that saw it."""

from dataclasses import dataclass

import numpy as np

from value_personas.experiments.calibration.oracle import fit_oracle, fit_strength
from value_personas.experiments.evaluation.answers import Answers
from value_personas.experiments.evaluation.calibrated import Prepared
from value_personas.programs.calibration import FittedCalibration, Setting
from value_personas.signatures import Array


@dataclass(frozen=True)
class Rotation:
    """One method, fitted once for each zone.

    Attributes:
        setting: what was asked for.
        estimate: shape (C, M, K), every country calibrated by the fit on the other zones.
        records: zone held out → the fit on the others.
        oracle: whether each zone was calibrated by a fit on itself instead.
    """

    setting: Setting
    estimate: Array
    records: dict[str, FittedCalibration]
    oracle: bool


def rotate(panel: Answers, setting: Setting, objective: str, *, oracle: bool = False) -> Rotation:
    """Calibrate every zone by a fit on the others.

    Args:
        panel: stored answers of three zones or more.
        setting: method, level, smoothing and penalty; its strength is fitted.
        objective: the score whose mean over the training zones is minimised.
        oracle: fit on the zone itself instead, and say so.
    """
    estimate = np.full(panel.human.shape, np.nan)
    records = {}
    for zone in dict.fromkeys(panel.zones):
        held = [c for c, name in zip(panel.countries, panel.zones, strict=True) if name == zone]
        target = panel.part(held, panel.questions)
        if oracle:
            record = fit_oracle(target, setting, objective)
        else:
            rest = [code for code in panel.countries if code not in set(held)]
            record = fit_strength(panel.training(rest, panel.questions), setting, objective)
        places = [panel.countries.index(code) for code in held]
        estimate[places] = Prepared(target).estimate(record.setting)
        records[zone] = record
    return Rotation(setting, estimate, records, oracle)

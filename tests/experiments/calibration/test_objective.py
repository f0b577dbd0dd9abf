"""Cross-validation over zones: each country judged once, by parts that never saw its people."""

import numpy as np
import pytest
from pydantic import ValidationError

from tests.experiments.calibration.builders import stored_panel, whole
from value_personas.experiments.benchmarks.rotation import rotate
from value_personas.experiments.calibration.fitting import fit_parts
from value_personas.experiments.calibration.objective import FoldedObjective
from value_personas.experiments.calibration.oracle import fit_oracle, fit_strength
from value_personas.experiments.evaluation.answers import TrainingAnswers
from value_personas.experiments.evaluation.calibrated import Prepared
from value_personas.experiments.scoring import score_cells
from value_personas.programs.calibration.setting import FittedCalibration, Setting
from value_personas.signatures import StatisticsError

SETTINGS = [
    Setting(strength={"all": 3.0}),
    Setting(method="pooled-shape", strength={"all": 0.5}),
    Setting(method="pooled-shape", strength={"all": 0.5}, level="population"),
    Setting(method="dirichlet", level="population", alpha=0.5),
]


def with_other_people(panel, countries):
    """The same, but the human answers of some countries turned about."""
    human = panel.human.copy()
    for c in countries:
        for m, k in enumerate(panel.lengths):
            human[c, m, :k] = human[c, m, :k][::-1].copy()
    values = {name: getattr(panel, name) for name in panel.__dataclass_fields__}
    return TrainingAnswers(**values | {"human": human})


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: f"{s.method}-{s.level}")
def test_a_folds_own_people_do_not_touch_its_estimate(setting):
    panel = whole(stored_panel(draws=20))
    before = FoldedObjective(panel, ("wasserstein",)).estimate(setting)
    after = FoldedObjective(with_other_people(panel, [0, 1]), ("wasserstein",)).estimate(setting)
    np.testing.assert_array_equal(before[:2], after[:2])
    assert (before[2:] == after[2:]).all() == (setting.method == "tilt")


def test_the_loss_of_a_fold_is_the_mean_over_its_cells():
    panel = whole(stored_panel(missing=0.2))
    objective = FoldedObjective(panel, ("wasserstein", "js_distance"))
    got = objective(SETTINGS[0])
    estimate = Prepared(panel).estimate(SETTINGS[0])
    by_cell = score_cells(panel.human, estimate, panel.scores, panel.mask)
    assert list(got) == ["Z0", "Z1", "Z2"]
    for name in ("wasserstein", "js_distance"):
        assert got["Z1"][name] == pytest.approx(np.nanmean(by_cell[name][2:4]))


def test_one_zone_is_split_by_country():
    panel = whole(stored_panel(zones=("Z",) * 6))
    assert list(FoldedObjective(panel, ("wasserstein",))(SETTINGS[1])) == list(panel.countries)
    alone = stored_panel(countries=1)
    with pytest.raises(StatisticsError, match="two training countries"):
        FoldedObjective(whole(alone), ("wasserstein",))(SETTINGS[1])


def test_parts_are_fitted_on_training_panels_only():
    with pytest.raises(StatisticsError, match="TrainingAnswers"):
        fit_parts(SETTINGS[1], Prepared(stored_panel()))
    with pytest.raises(StatisticsError, match="population"):
        fit_parts(Setting(method="dirichlet", level="persona"), Prepared(whole(stored_panel())))
    with pytest.raises(StatisticsError, match="no score"):
        FoldedObjective(whole(stored_panel()), ("wassersteen",))


def test_planted_dispersion_is_recovered():
    record = fit_strength(whole(stored_panel(planted=2.5)), Setting(level="persona"), "wasserstein")
    assert record.setting.strength["all"] == pytest.approx(2.5, rel=0.01)
    assert record.value == pytest.approx(0.0, abs=1e-4)


def test_what_changes_nothing_is_fitted_as_no_change():
    two_options = whole(stored_panel(lengths=(2, 2)))
    record = fit_strength(two_options, Setting(level="population"), "wasserstein")
    assert record.setting.strength == {"all": 1.0}


def test_the_oracle_is_at_least_as_good_and_says_so():
    panel = stored_panel(draws=30)
    setting = Setting(alpha=0.5, level="population")
    honest = rotate(panel, setting, "wasserstein")
    oracle = rotate(panel, setting, "wasserstein", oracle=True)
    assert all(record.oracle for record in oracle.records.values())
    assert not any(record.oracle for record in honest.records.values())
    assert honest.records["Z0"].countries == ("C2", "C3", "C4", "C5")

    def mean(rotation):
        return score_cells(panel.human, rotation.estimate, panel.scores, panel.mask)["wasserstein"].mean()

    assert mean(oracle) <= mean(honest) + 1e-6
    assert fit_oracle(panel, setting, "wasserstein").oracle


def test_a_record_is_frozen_json():
    record = fit_strength(whole(stored_panel(draws=20)), SETTINGS[3], "js_distance")
    again = FittedCalibration.model_validate_json(record.model_dump_json())
    assert again == record
    assert set(again.setting.maps) == {"2", "4", "5", "10"}
    with pytest.raises(ValidationError):
        record.oracle = True


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (Setting(strength={"all": 2.0}), "tilt at persona level (all: T = 2)"),
        (
            Setting(method="end-points", level="population", strength={"4": 0.25}, alpha=0.5),
            "end-points at population level (4: λ = 0.25), counts smoothed with α = 0.5, "
            "mean of the raw answers kept",
        ),
    ],
)
def test_the_calibration_in_one_line(setting, words):
    assert setting.in_one_line() == words

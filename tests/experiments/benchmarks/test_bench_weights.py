"""What the benchmark of calibrated weights prints, with fewer samples."""

from pathlib import Path

import pytest

from value_personas.experiments.benchmarks.bench_weights import asked_world, linear_share, simulate


@pytest.mark.slow
@pytest.mark.parametrize(
    ("unadditive", "linear", "by_size"),  # variance by walk and calibrated, as shares of independent draws'
    [(0.9, 0.75, {50: (0.44, 0.2), 100: (0.35, 0.16)}), (1.15, 0.55, {50: (0.59, 0.45), 100: (0.49, 0.36)})],
)
def test_calibrated_weights_bring_what_the_items_tell(
    tmp_path: Path, unadditive: float, linear: float, by_size: dict[int, tuple[float, float]]
) -> None:
    world = asked_world(tmp_path, unadditive, ("XNA", "XND"))
    assert linear_share(world) == pytest.approx(linear, abs=0.04)
    for n, (walk, calibrated) in by_size.items():
        found = simulate(world, n, 60)
        assert found.walk == pytest.approx(walk, abs=0.04)
        assert found.calibrated == pytest.approx(calibrated, abs=0.03)
        assert found.calibrated < 0.85 * found.walk
        assert found.expected == pytest.approx(found.calibrated, rel=0.12)
        assert found.bias < 0.7  # the largest of 48, of 60 samples: an unbiased one has some .35
        assert 0.93 <= found.coverage <= 0.98

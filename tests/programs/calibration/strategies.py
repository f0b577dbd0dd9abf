"""Answer distributions for property tests, the awkward ones included."""

import numpy as np
from hypothesis import strategies as st

TEMPERATURES = st.one_of(
    st.sampled_from([0.05, 0.5, 1.0, 2.0, 1e4]),
    st.floats(np.log(0.05), np.log(1e4)).map(lambda x: float(np.exp(x))),
)
EXPONENTS = st.one_of(
    st.just(0.0), st.floats(-3.0, 0.0), st.floats(-300.0, 0.0), st.just(-9.5), st.just(-np.inf)
)


@st.composite
def scales(draw, k):
    """K distinct scores, equally spaced or not, ascending or descending."""
    steps = draw(st.lists(st.floats(0.05, 20.0), min_size=k - 1, max_size=k - 1))
    scores = draw(st.floats(-100.0, 100.0)) + np.concatenate([[0.0], np.cumsum(steps)])
    return scores[::-1].copy() if draw(st.booleans()) else scores


@st.composite
def distributions(draw, min_k=2, max_k=12):
    """A distribution with at least two support points, and its scores."""
    k = draw(st.integers(min_k, max_k))
    exponents = np.array(draw(st.lists(EXPONENTS, min_size=k, max_size=k)))
    places = draw(st.lists(st.integers(0, k - 1), min_size=2, max_size=2, unique=True))
    exponents[places[0]] = 0.0
    exponents[places[1]] = draw(st.floats(-300.0, 0.0))
    weights = 10.0**exponents
    return weights / weights.sum(), draw(scales(k))

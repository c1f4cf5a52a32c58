"""The same layers under pytest-benchmark, to compare two commits.

.venv/bin/python -m pytest benchmarks/kernels --benchmark-autosave [--benchmark-compare]
"""

import pytest

from benchmarks.kernels import layers
from neutnn_pl.kernels import backend


@pytest.fixture(params=sorted(layers.LAYERS))
def case(request: pytest.FixtureRequest) -> layers.Case:
    """A layer with few samples."""
    return layers.LAYERS[request.param]().some(64)


@pytest.mark.parametrize("learns", [False, True], ids=["forward", "stdp"])
def test_numba(case: layers.Case, learns: bool, benchmark) -> None:
    """Time one call."""
    kernel = backend("numba")
    if learns:
        y, _ = benchmark(kernel.learn, case.x, case.state, case.spec, 0, case.xp)
    else:
        y = benchmark(kernel.infer, case.x, case.state, case.spec, case.xp)
    assert y.shape == (*case.x.shape[:2], case.state.w.shape[1])

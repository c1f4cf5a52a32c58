"""MNIST in hardware: the tables of costs in docs/mnist.md, one command for each.

    python -m benchmarks.mnist_hardware costs --seeds 1 --recipes mnist/small mnist/dog
    python -m benchmarks.mnist_hardware voters --fraction 0.1

Options are those of `benchmarks/mnist.py`. `costs` forecasts whole networks. `voters` learns a
recipe, cuts neighbouring columns out of its middle with their votes, and sets what Yosys, OpenSTA
and Icarus Verilog measure beside the forecast; it needs these tools and nangate45 (NEUTNN_PDK).
"""

from __future__ import annotations

import tempfile
import time
import warnings
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import neutnn_pl  # noqa: F401 - before any import of lightning

import lightning as L  # isort: skip
import numpy as np

from benchmarks.mnist import fit, parse, recipe, row, scored, votes
from hls.forecast import forecast
from hls.forecast.command import SAMPLES
from hls.forecast.forecast import Range
from hls.forecast.measure import Sample, measure, nonzero
from hls.ir.network import FrozenNetwork

PDK = "nangate45"
COLUMNS = (4, 8, 16)
FIGURES = {"area_um2": "area, um^2", "energy_pj": "energy, pJ", "clock_ns": "clock, ns"}


def costs(options: Namespace) -> None:
    """Forecast of whole networks, votes included, from what the first scored images do in them."""
    row("recipe", "synapses not 0", "votes", "area, mm^2", "energy, nJ", "clock, ns", "seconds")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name in options.recipes:
        cli = recipe(name, options, 0)
        fit(cli)
        network, x = cli.model.freeze("whole"), scored(cli, options)[0][:SAMPLES].numpy()
        start = time.perf_counter()
        found = forecast(network, PDK, x)
        seconds = time.perf_counter() - start
        row(
            name, nonzero(network), votes(cli.model.network), interval(found.area_um2, 1e6),
            interval(found.energy_pj, 1e3), interval(found.clock_ns, 1), f"{seconds:.1f}",
        )  # fmt: skip


def interval(found: Range, unit: float) -> str:
    """Return a forecast and its interval, divided by a unit."""
    value, low, high = (figure / unit for figure in (found.value, found.low, found.high))
    return f"{value:.3g} ({low:.3g}-{high:.3g})"


def voters(options: Namespace) -> None:
    """What columns cost with their votes, and without: measured, and by the forecast."""
    titles = [f"{title}: {kind}" for title in FIGURES.values() for kind in ("measured", "forecast")]
    row("recipe", "columns", "neurons", "votes", *titles)
    print("|---|---:|---:|---:|" + "---:|" * len(titles))
    for name in options.recipes:
        cli = recipe(name, options, 0)
        fit(cli)
        network, x = cli.model.freeze("voters"), scored(cli, options)[0][:SAMPLES].numpy()
        for count in COLUMNS:
            part = cut(network, count)
            for some in (part, replace(part, votes=None)):
                _compare(name, some, x[:, : part.inputs])


def cut(network: FrozenNetwork, count: int) -> FrozenNetwork:
    """Return columns from the middle of a network of one layer, with their votes.

    Args:
        network: the network; it keeps its input lines.
        count: how many columns.
    """
    (layer,) = network.layers
    assert network.votes is not None
    first = (layer.shape[0] - count) // 2
    which = np.arange(first, first + count)
    parts: dict[str, Any] = {
        name: getattr(layer, name)[which] for name in ("weights", "mask", "theta", "lines")
    }
    return replace(network, layers=(replace(layer, **parts),), votes=network.votes[which])


def _compare(name: str, network: FrozenNetwork, x: np.ndarray[Any, Any]) -> None:
    """Print a row: every spike time of the netlist's simulation gives its energy."""
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(network, PDK, Sample(x), Path(folder))
    found = forecast(network, PDK, x)
    cells = []
    for figure in FIGURES:
        value = getattr(found, figure).value
        cells += [f"{measured[figure]:.4g}", f"{value:.4g} ({value / measured[figure] - 1:+.0%})"]
    columns, neurons = network.layers[0].shape[:2]
    few = 0 if network.votes is None else network.votes.size
    row(name, columns, columns * neurons, few, *cells)


def main() -> None:
    """Run a study and print its table."""
    options = parse(str(__doc__), {f.__name__: f for f in (costs, voters)})
    options.run(options)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    L.pytorch.utilities.rank_zero.rank_zero_module.log.setLevel("ERROR")
    main()

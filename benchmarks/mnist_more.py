"""MNIST: more studies for docs/mnist.md, one command for each.

    python -m benchmarks.mnist_more everything [--seeds 3]
    python -m benchmarks.mnist_more jitter | while_learning | budget
    python -m benchmarks.mnist_more features --plot docs/images/mnist_features.png

Options are those of `benchmarks/mnist.py`, whose tables these complete. `everything` remakes the
tables of recipes, of Fashion-MNIST and of turned images, and says how long that took.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from argparse import Namespace
from pathlib import Path
from typing import Any

import neutnn_pl  # noqa: F401 - before any import of lightning

import lightning as L  # isort: skip
import numpy as np
import numpy.typing as npt
import torch
import yaml
from torch import Tensor

from benchmarks.mnist import accuracy, fit, parse, recipe, row, scored, spread, table, votes
from hls.ir import NO_SPIKE
from neutnn_pl.config import RecipeCLI
from neutnn_pl.explore.space import changed, read_recipe
from neutnn_pl.explore.trial import pruning_of
from neutnn_pl.recipes import find_recipe

ALL = ["mnist/small", "mnist/dog", "mnist/dendrites", "mnist/dendrites_voter", "mnist/stack"]
FEW = ["mnist/small", "mnist/dog"]
POINTS: dict[str, tuple[str, dict[str, Any]]] = {
    "24 segments, tally": ("mnist/dendrites", {}),
    "24 segments, voter": ("mnist/dendrites_voter", {}),
    "10 point neurons, 15x15 fields, tally": (
        "mnist/dendrites",
        {"segments": 1, "kernel": 15, "dilation": 1, "theta": 300},
    ),
    "240 point neurons, voter": ("mnist/dog", {"neurons": 240}),
}


def everything(options: Namespace) -> None:
    """All tables of recipes, and the time that they took."""
    start, busy = time.perf_counter(), time.process_time()
    for recipes, more in ((ALL, []), (FEW, ["data.name=FashionMNIST"]), (FEW, ["data.rotate=15"])):
        print(f"\n{' '.join(more) or 'MNIST'}\n")
        table(Namespace(**{**vars(options), "recipes": recipes, "set": [*options.set, *more]}))
    minutes = (time.perf_counter() - start) / 60, (time.process_time() - busy) / 60
    print("\n{:.0f} minutes, {:.0f} of processor time".format(*minutes))


def with_changes(name: str, changes: dict[str, Any], options: Namespace, seed: int) -> RecipeCLI:
    """Return a recipe with values of its file replaced."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recipe.yaml"
        found = changed(read_recipe(find_recipe(name)), changes)
        path.write_text(yaml.safe_dump(found), encoding="utf-8")
        return recipe(str(path), options, seed)


def jittered(x: Tensor, share: float, horizon: int, draws: torch.Generator) -> Tensor:
    """Return spike times of which a share comes a step earlier or later, within `0 .. horizon - 1`.

    >>> x = torch.tensor([[0, 1, 255]], dtype=torch.uint8)
    >>> jittered(x, 0.0, 4, torch.Generator()).tolist()
    [[0, 1, 255]]
    """
    hit = (torch.rand(x.shape, generator=draws) < share) & (x != NO_SPIKE)
    step = 2 * torch.randint(0, 2, x.shape, generator=draws) - 1
    moved = (x.to(torch.int64) + step).clamp(0, horizon - 1).to(torch.uint8)
    return torch.where(hit, moved, x)


def jitter(options: Namespace) -> None:
    """Spikes that come a step too early or too late; learnt without, at four spike times."""
    name, shares = options.recipes[0], (0.0, 0.05, 0.1, 0.2, 0.5, 1.0)
    print(f"\n{name} with 2-bit times, {options.seeds} seeds, learnt without jitter\n")
    results: dict[float, list[float]] = {share: [] for share in shares}
    for seed in range(options.seeds):
        cli = with_changes(name, {"data.init_args.encoder.init_args.tres": 2}, options, seed)
        fit(cli)
        x, labels = scored(cli, options)
        draws = torch.Generator().manual_seed(seed)
        for share in shares:
            moved = jittered(x, share, 1 << cli.datamodule.tres, draws)
            results[share].append(accuracy(cli.model.network, moved, labels))
    row("share of spikes moved by a step", "accuracy %, mean (sd)")
    print("|---:|---:|")
    for share, found in results.items():
        row(f"{share:.0%}", spread(found))


def while_learning(options: Namespace) -> None:
    """Pruned before the second of two epochs of the layers, which then learn on what is left."""
    for name in options.recipes:
        print(f"\n{name}, two epochs of the layers, {options.seeds} seeds\n")
        row("pruned while learning", "synapses", "not 0", "accuracy %, mean (sd)")
        print("|---:|---:|---:|---:|")
        stages = list(read_recipe(find_recipe(name))["model"]["init_args"].get("stages", [1]))
        stages[0] = 2
        longer = {
            "model.init_args.stages": stages if len(stages) > 1 else None,
            "trainer.max_epochs": sum(stages),
        }
        if len(stages) > 1:
            longer["data.init_args.shift_from"] = 2  # the voter's first epoch
        for share in (0.0, 0.3, 0.5, 0.7, 0.8, 0.9):
            found = []
            for seed in range(options.seeds):
                more = pruning_of(share) if share else {}
                cli = with_changes(name, {**longer, **more}, options, seed)
                fit(cli)
                found.append(accuracy(cli.model.network, *scored(cli, options)))
            network = cli.model.network
            used = sum(int((layer.weights != 0).sum()) for layer in network.columns)
            row(f"{share:.0%}", network.synapses, used, spread(found))


def budget(options: Namespace) -> None:
    """Segments against point neurons of about as many synapses."""
    row("network", "synapses", "votes", "accuracy %, mean (sd)", "seconds to learn")
    print("|---|---:|---:|---:|---:|")
    for title, (name, layer) in POINTS.items():
        found, seconds = [], []
        for seed in range(options.seeds):
            more = {f"model.init_args.layers.0.{key}": value for key, value in layer.items()}
            cli = with_changes(name, more, options, seed)
            seconds.append(fit(cli))
            found.append(accuracy(cli.model.network, *scored(cli, options)))
        network = cli.model.network
        row(title, network.synapses, votes(network), spread(found), f"{np.mean(seconds):.0f}")


def features(options: Namespace) -> None:
    """Draw the weights of a column in the middle: brighter-than-around minus darker-than-around."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5), layout="constrained")
    parts = figure.subfigures(2, 1, height_ratios=(1, 2.4))
    for part, name, columns in zip(parts, ("mnist/dog", "mnist/dendrites"), (20, 24), strict=True):
        cli = recipe(name, options, 0)
        fit(cli)
        layer = cli.model.network.columns[0]
        middle = len(layer.weights) // 2 + 12  # of 24 x 24 columns
        pictures = fields(layer.weights[middle], kernel=3)
        rows = len(pictures) // columns
        axes = part.subplots(rows, columns)
        limit = layer.w_max
        for place, picture in zip(np.ravel(axes), pictures, strict=True):
            place.imshow(picture, cmap="RdBu_r", vmin=-limit, vmax=limit)
            place.set(xticks=[], yticks=[])
        part.suptitle(f"{name}: a column, a row for each dendrite" if rows > 1
                      else f"{name}: the {columns} neurons of a column", fontsize=9)  # fmt: skip
    figure.savefig(options.plot or "mnist_features.png", dpi=100)


def fields(weights: Tensor, kernel: int) -> npt.NDArray[np.int64]:
    """Return pictures of segments, int64 `[segments, kernel, kernel]`: plane 0 minus plane 1.

    Args:
        weights: uint8 `[N, D, S, P]` of a column whose field is `kernel` pixels wide on two planes.
        kernel: width and height of the field in pixels.
    """
    planes = weights.numpy().astype(np.int64).reshape(-1, 2, kernel, kernel)
    return np.asarray(planes[:, 0] - planes[:, 1])


def main() -> None:
    """Run a study and print its table."""
    studies = (everything, jitter, while_learning, budget, features)
    options = parse(str(__doc__), {f.__name__: f for f in studies})
    options.run(options)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    L.pytorch.utilities.rank_zero.rank_zero_module.log.setLevel("ERROR")
    main()

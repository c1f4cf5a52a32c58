"""MNIST: the tables of recipes/README.md and docs/mnist.md, one command for each.

    python benchmarks/mnist.py table [--recipes mnist/small mnist/dog] [--seeds 3]
    python benchmarks/mnist.py prune --recipes mnist/small
    python benchmarks/mnist.py online | continual | segments | noise

`--fraction 0.1` gives a quick try. Networks learn all 60,000 images and are scored on the 10,000
test images, once for each figure; `--choose` learns 50,000 and scores the other 10,000 instead.
`--set KEY=VALUE` changes a recipe, as in `--set data.name=FashionMNIST`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import neutnn_pl  # noqa: F401 - before any import of lightning

import lightning as L  # isort: skip
import numpy as np
import torch
import yaml
from torch import Tensor

from hls.ir import NO_SPIKE
from neutnn_pl.callbacks.synapses import drop, joined, nonzero
from neutnn_pl.config import RecipeCLI
from neutnn_pl.explore.space import changed, read_recipe
from neutnn_pl.functional import sample_order
from neutnn_pl.functional.pruning import drop_count, lowest
from neutnn_pl.modules import NeuTNN
from neutnn_pl.nn import Network
from neutnn_pl.recipes import find_recipe

AT_ONCE = 2048
Study = Callable[[argparse.Namespace], None]
SHARES = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
SEEN = (100, 300, 1000, 3000, 10_000, 30_000, 60_000)


def recipe(name: str, options: argparse.Namespace, seed: int) -> RecipeCLI:
    """Return a recipe with this benchmark's options."""
    args = ["-c", name, "--model.seed", str(seed), "--data.fraction", str(options.fraction)]
    args += ["--data.train_on_all", str(not options.choose).lower()]
    return RecipeCLI(args + [f"--{pair}" for pair in options.set])


def fit(cli: RecipeCLI, model: NeuTNN | None = None) -> float:
    """Learn; return the seconds."""
    start = time.perf_counter()
    cli.make_trainer(
        logger=False, enable_checkpointing=False, enable_progress_bar=False,
        callbacks=cli.pruning.while_learning(),
    ).fit(model or cli.model, datamodule=cli.datamodule)  # fmt: skip
    return time.perf_counter() - start


def scored(cli: RecipeCLI, options: argparse.Namespace) -> tuple[Tensor, Tensor]:
    """Return the spike times and labels that are scored."""
    split = "val" if options.choose else "test"
    data = cli.datamodule
    return torch.from_numpy(data.spikes(split).copy()), torch.from_numpy(data.labels(split))


def accuracy(network: Network, x: Tensor, labels: Tensor) -> float:
    """Return the share of right answers in percent."""
    found = torch.cat([network.answer(network(few)) for few in x.split(AT_ONCE)])
    return 100 * float((found == labels).double().mean())


def votes(network: Network) -> int:
    """Return the number of votes, 8 bits each."""
    return 0 if network.voter is None else network.voter.votes.numel()


def row(*cells: object) -> None:
    """Print a row of a table."""
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def spread(values: Sequence[float]) -> str:
    """Return mean (and standard deviation)."""
    return f"{np.mean(values):.2f} ({np.std(values):.2f})"


def table(options: argparse.Namespace) -> None:
    """Accuracy, size and time of recipes."""
    row("recipe", "synapses", "not 0", "votes", "accuracy %, mean (sd)", "seconds to learn")
    print("|---|---:|---:|---:|---:|---:|")
    for name in options.recipes:
        found, seconds = [], []
        for seed in range(options.seeds):
            cli = recipe(name, options, seed)
            seconds.append(fit(cli))
            found.append(accuracy(cli.model.network, *scored(cli, options)))
        network = cli.model.network
        few = nonzero(network)
        row(name, network.synapses, few, votes(network), spread(found), f"{np.mean(seconds):.0f}")


def prune(options: argparse.Namespace) -> None:
    """Accuracy after shares of the synapses went, by weight; the voter as it is, or anew."""
    for name in options.recipes:
        print(f"\n{name}, {options.seeds} seeds\n")
        row("pruned", "synapses", "voter kept, %", "voter trained again, %")
        print("|---:|---:|---:|---:|")
        results: dict[float, list[tuple[int, float, float]]] = {share: [] for share in SHARES}
        for seed in range(options.seeds):
            cli = recipe(name, options, seed)
            fit(cli)
            samples = scored(cli, options)
            start = {key: value.clone() for key, value in cli.model.state_dict().items()}
            for share in SHARES:
                cli.model.load_state_dict(start)
                results[share].append(_pruned(cli, share, samples))
        for share, found in results.items():
            kept, again = ([r[i] for r in found] for i in (1, 2))
            row(f"{share:.0%}", found[0][0], spread(kept), spread(again))


def _pruned(
    cli: RecipeCLI, share: float, samples: tuple[Tensor, Tensor]
) -> tuple[int, float, float]:
    """Return synapses, accuracy with the voter kept, accuracy with the voter trained again."""
    model, network = cli.model, cli.model.network
    for index, layer in enumerate(network.columns):
        mask = joined(layer, "mask")
        which = lowest(
            joined(layer, "weights").to(torch.int64), mask,
            drop_count(share, layer.synapses), layer=index, seed=model.seed,
        )  # fmt: skip
        drop(layer, which)
    kept = accuracy(network, *samples)
    again = kept
    if network.voter is not None and share:
        network.voter.reset()
        layers = sum(model.stages[:-1])
        model.epochs.fill_(layers)  # at the first epoch of the voter
        trainer = cli.make_trainer(
            logger=False, enable_checkpointing=False, enable_progress_bar=False,
            max_epochs=model.stages[-1],
        )  # fmt: skip
        trainer.fit(model, datamodule=cli.datamodule)
        again = accuracy(network, *samples)
    return network.synapses, kept, again


class Backprop(torch.nn.Module):
    """A small network with one hidden layer, learnt by gradients, as the reference."""

    def __init__(self, seed: int, hidden: int = 100) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.net = torch.nn.Sequential(
            torch.nn.Linear(784, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 10)
        )
        self.optimizer = torch.optim.SGD(self.parameters(), lr=0.02)

    def learn(self, images: Tensor, labels: Tensor) -> None:
        """Learn samples one by one."""
        for x, label in zip(images, labels, strict=True):
            self.optimizer.zero_grad()
            torch.nn.functional.cross_entropy(self.net(x[None]), label[None]).backward()
            self.optimizer.step()

    def accuracy(self, images: Tensor, labels: Tensor) -> float:
        """Return the share of right answers in percent."""
        with torch.no_grad():
            return 100 * float((self.net(images).argmax(1) == labels).double().mean())


def streams(cli: RecipeCLI, options: argparse.Namespace) -> tuple[Tensor, ...]:
    """Return spike times, pixels (0 .. 1) and labels to learn; the same to score."""
    data, parts = cli.datamodule, []
    for split in ("train", "val" if options.choose else "test"):
        pixels = torch.from_numpy(data.images(split).copy()).flatten(1).float() / 255
        parts += [torch.from_numpy(data.spikes(split).copy()), pixels]
        parts += [torch.from_numpy(data.labels(split))]
    return tuple(parts)


def learn(model: NeuTNN, x: Tensor, labels: Tensor) -> None:
    """Learn layers and voter together, each sample once."""
    proximal = None
    if model.proximal == "label":
        proximal = torch.nn.functional.one_hot(labels, 10).to(torch.uint8)
    for few in torch.arange(len(x)).split(AT_ONCE):
        side = None if proximal is None else proximal[few]
        model.network.learn(x[few], model.learning, model.seed, labels=labels[few], proximal=side)


def online(options: argparse.Namespace) -> None:
    """Accuracy as a function of samples seen, each once; layer and voter learn together."""
    name = options.recipes[0]
    print(f"\n{name}, {options.seeds} seeds, every sample once\n")
    results: dict[int, list[tuple[float, float]]] = {}
    for seed in range(options.seeds):
        cli = recipe(name, options, seed)
        x, images, labels, xs, seen, wanted = streams(cli, options)
        order, begin = sample_order(0, len(x), seed), 0
        model, other = cli.model, Backprop(seed)
        for end in (*(n for n in SEEN if n < len(x)), len(x)):
            few = order[begin:end]
            learn(model, x[few], labels[few])
            other.learn(images[few], labels[few])
            pair = accuracy(model.network, xs, wanted), other.accuracy(seen, wanted)
            results.setdefault(end, []).append(pair)
            begin = end
    row("samples seen", "spikes, %", "backprop, %")
    print("|---:|---:|---:|")
    for end, found in results.items():
        row(end, *(spread(column) for column in zip(*found, strict=True)))
    if options.plot:
        _plot(results, options.plot, name)


def _plot(results: dict[int, list[tuple[float, float]]], path: str, name: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 3.5), layout="constrained")
    axes = figure.add_subplot()
    for i, label in enumerate((f"{name}, local learning", "784-100-10, backprop")):
        means = [np.mean([f[i] for f in found]) for found in results.values()]
        axes.plot(list(results), means, "o-", label=label)
    axes.set(xscale="log", xlabel="samples seen, each once", ylabel="test accuracy (%)")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def continual(options: argparse.Namespace) -> None:
    """Digits class by class: accuracy on the classes met so far, and on each at the end."""
    name = options.recipes[0]
    print(f"\n{name}, {options.seeds} seeds, classes one after the other, every sample once\n")
    results: dict[int, list[list[float]]] = {}
    for seed in range(options.seeds):
        cli = recipe(name, options, seed)
        x, images, labels, xs, seen, wanted = streams(cli, options)
        order = sample_order(0, len(x), seed)
        model, other = cli.model, Backprop(seed)
        for digit in range(10):
            few = order[labels[order] == digit]
            learn(model, x[few], labels[few])
            other.learn(images[few], labels[few])
            met, first = wanted <= digit, wanted == 0
            pairs = [(accuracy(model.network, xs[m], wanted[m]), other.accuracy(seen[m], wanted[m]))
                     for m in (met, first)]  # fmt: skip
            results.setdefault(digit, []).append([v for pair in pairs for v in pair])
    row("after digit", "met, spikes", "met, backprop", "digit 0, spikes", "digit 0, backprop")
    print("|---:|---:|---:|---:|---:|")
    for digit, found in results.items():
        row(digit, *(spread(column) for column in zip(*found, strict=True)))


def segments(options: argparse.Namespace) -> None:
    """Active dendrites with fewer segments, down to point neurons, by tally."""
    print("\nmnist/dendrites by tally\n")
    row("segments", "synapses", "accuracy %, mean (sd)")
    print("|---:|---:|---:|")
    base = read_recipe(find_recipe("mnist/dendrites"))
    for count in (1, 3, 6, 12, 24):
        found = []
        for seed in range(options.seeds):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "recipe.yaml"
                changes = {"model.init_args.layers.0.segments": count}
                path.write_text(yaml.safe_dump(changed(base, changes)), encoding="utf-8")
                cli = recipe(str(path), options, seed)
            fit(cli)
            found.append(accuracy(cli.model.network, *scored(cli, options)))
        row(count, cli.model.network.synapses, spread(found))


def disturbed(x: Tensor, share: float, kind: str, generator: torch.Generator) -> Tensor:
    """Return spike times of which a share of the lines is lost, or comes anyway."""
    hit = torch.rand(x.shape, generator=generator) < share
    x = x.clone()
    if kind == "lost":
        x[hit] = NO_SPIKE
    elif kind == "false":
        x[hit] = torch.where(x[hit] == NO_SPIKE, 0, x[hit])
    return x


def noise(options: argparse.Namespace) -> None:
    """Lost and false spikes, and synapses stuck at 0 or at the largest weight, when answering."""
    name = options.recipes[0]
    print(f"\n{name}, {options.seeds} seeds, learnt without noise\n")
    kinds = ("lost", "false", "stuck at 0", "stuck at largest")
    shares = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)
    results: dict[float, list[list[float]]] = {share: [] for share in shares}
    for seed in range(options.seeds):
        cli = recipe(name, options, seed)
        fit(cli)
        x, labels = scored(cli, options)
        network, draws = cli.model.network, torch.Generator().manual_seed(seed)
        weights = [layer.weights.clone() for layer in network.columns]
        for share in shares:
            found = [accuracy(network, disturbed(x, share, k, draws), labels) for k in kinds[:2]]
            for stuck in (0, 1):
                for layer, before in zip(network.columns, weights, strict=True):
                    hit = torch.rand(before.shape, generator=draws) < share
                    layer.weights.copy_(before.masked_fill(hit, stuck * layer.w_max))
                found.append(accuracy(network, x, labels))
                for layer, before in zip(network.columns, weights, strict=True):
                    layer.weights.copy_(before)
            results[share].append(found)
    row("share", *(f"{kind}, %" for kind in kinds))
    print("|---:|---:|---:|---:|---:|")
    for share, found in results.items():
        row(f"{share:.0%}", *(spread(column) for column in zip(*found, strict=True)))


def parse(text: str, studies: dict[str, Study]) -> argparse.Namespace:
    """Return the options of a command line, with the study as `run`."""
    parser = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", choices=studies)
    parser.add_argument("--recipes", nargs="+", default=["mnist/small"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--fraction", type=float, default=1.0)
    parser.add_argument("--choose", action="store_true", help="score the validation split")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--plot", help="picture of a study that draws one")
    options = parser.parse_args()
    options.run = studies[options.study]
    return options


def main() -> None:
    """Run a study and print its table."""
    studies = (table, prune, online, continual, segments, noise)
    options = parse(str(__doc__), {f.__name__: f for f in studies})
    warnings.simplefilter("ignore")
    options.run(options)


if __name__ == "__main__":
    L.pytorch.utilities.rank_zero.rank_zero_module.log.setLevel("ERROR")
    main()

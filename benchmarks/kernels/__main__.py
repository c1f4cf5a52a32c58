"""Measure the kernels, and write a table and a plot.

    .venv/bin/python -m benchmarks.kernels [--out runs/kernels] [--quick]

NEUTNN_DATA is the folder of data sets (MNIST/raw in it); without it, random samples take the
digits' place. Times of one thread are processor times, all of one run; those of several threads
are by the clock.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import neutnn_pl  # noqa: F401 - before any import of torch's extensions

import torch  # isort: skip

from benchmarks.kernels import layers, measure
from benchmarks.kernels.others import others
from benchmarks.kernels.peers import Careful, Naive
from neutnn_pl.kernels import backend


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/kernels"))
    parser.add_argument("--quick", action="store_true", help="fewer samples, no memory")
    options = parser.parse_args()
    prices = measure.block_ns(), measure.count_ns()
    parts = [
        "One block of Philox: {:.2f} ns; a vector of sixteen words counted: {:.2f} ns.".format(
            *prices
        ),
        peers(8 if options.quick else 48),
        every_layer(prices, quick=options.quick),
    ]
    points = scaling(quick=options.quick)
    parts.append(scaling_table(points))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "kernels.md").write_text("\n\n".join(parts) + "\n")
    plot(points, options.out / "kernels.png")
    print("\n\n".join(parts))
    print(f"\n{options.out}/kernels.md, kernels.png")


def peers(samples: int) -> str:
    """Return the table of the point layer beside plain PyTorch."""
    case = layers.mnist(512)
    few = case.some(samples)
    ours = measure.numba(case)
    found, missing = others(min(samples, 16))
    rows = [
        *((other.name, measure.other(other, min(samples, 16))) for other in found),
        ("naive PyTorch", measure.peer(Naive, few)),
        ("careful PyTorch", measure.peer(Careful, few)),
        ("reference", measure.definition(few)),
        ("numba", ours),
    ]
    head = f"{case.name}, {case.source}, one thread, us for each sample"
    lines = [f"| {head} | forward | with STDP | times numba |", "|---|---:|---:|---:|"]
    for name, speed in rows:
        ratio = f"{speed.forward / ours.forward:,.0f}, {speed.learn / ours.learn:,.0f}"
        line = f"| {name} | {speed.forward:,.1f} | {speed.learn:,.1f} | {ratio} |"
        lines.append(line.replace("nan", ""))
    return "\n".join([*lines, *(["", *missing] if missing else [])])


def every_layer(prices: tuple[float, float], quick: bool) -> str:
    """Return the table of all layers, and that of the work they cannot do without.

    Args:
        prices: nanoseconds of a block of Philox and of a vector counted.
        quick: few samples, no memory.
    """
    floor = [
        "| layer, for each sample learnt | blocks of Philox | vectors counted | KiB touched "
        "| draws alone us | with counting us | measured us |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines = [
        "| layer | synapses | forward us | with STDP us | synapses/us | two threads, times | MiB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, make in layers.LAYERS.items():
        case = make().some(64 if quick else 1 << 30)
        one = measure.numba(case)
        by_clock = [measure.numba(case, threads, measure.wall).learn for threads in (1, 2)]
        y, _ = backend("numba").learn(case.x, case.state, case.spec, 0, case.xp)
        if name != "places":  # its rule draws nothing
            work = measure.work_of(case, y)
            draws, counting = work.microseconds(prices[0]), work.microseconds(*prices)
            floor.append(
                f"| {name} | {work.search + work.spiked:,.0f} | {work.counts:,.0f} | "
                f"{work.bytes / 1024:,.0f} | {draws:.2f} | {counting:.2f} | {one.learn:.2f} |"
            )
        mib = "" if quick else f"{measure.memory(name):.0f}"
        rate, gain = case.synapses / one.learn, by_clock[0] / by_clock[1]
        lines.append(
            f"| {name}: {case.name} | {case.synapses:,} | {one.forward:.2f} | {one.learn:.2f} | "
            f"{rate:,.0f} | {gain:.2f} | {mib} |"
        )
    return "\n".join([*lines, "", *floor])


Points = dict[str, list[tuple[int, measure.Speed]]]


def scaling(quick: bool) -> Points:
    """Measure the point layer against columns, synapses of a column and samples of a call."""
    samples = 64 if quick else 256
    return {
        "columns": [
            (c, measure.numba(layers.mnist(samples, columns=c))) for c in (1, 26, 169, 676)
        ],
        "neurons": [
            (n, measure.numba(layers.mnist(samples, neurons=n))) for n in (2, 6, 12, 24, 48)
        ],
        "samples": [
            (b, measure.numba(layers.mnist(b)))
            for b in (1, 4, 16, 64, 256, *([] if quick else [2048]))
        ],
    }


def scaling_table(points: Points) -> str:
    """Return the measured points as a table."""
    lines = ["| point layer with | forward us | with STDP us |", "|---|---:|---:|"]
    for name, row in points.items():
        for size, speed in row:
            lines.append(f"| {size} {name} | {speed.forward:.1f} | {speed.learn:.1f} |")
    return "\n".join(lines)


def plot(points: Points, path: Path) -> None:
    """Draw the measured points."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.4), layout="constrained")
    for axis, (name, row) in zip(figure.subplots(1, len(points)), points.items(), strict=True):
        sizes = [size for size, _ in row]
        axis.loglog(sizes, [speed.forward for _, speed in row], "o-", label="forward")
        axis.loglog(sizes, [speed.learn for _, speed in row], "s-", label="with STDP")
        axis.set(xlabel=name, ylabel="us for each sample", xticks=sizes, xticklabels=sizes)
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    axis.legend()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    torch.manual_seed(0)
    main()

"""Tables and figures of the UCR study, from the files that `ucr_study` wrote.

    python -m benchmarks.ucr_tables [--runs runs/ucr_study] [--readme] [--figure FILE]
        [--document FILE]

`--readme` records the tables of the seven designs for `recipes/README.md`, and makes it again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import recipe_results
from benchmarks.ucr_setting import DEVELOPMENT, DTCR, OTHERS, SEVEN, SHAPES

COMMAND = "neutnn explore -c ucr/study --dir runs/ucr_study"
RECIPES = {"SonyAIBORobotSurface2": "sony2", "ToeSegmentation2": "toe2"}
METHODS = {
    "column": "column",
    "wide": "column, no limit on lines",
    "paper": "column, a line per value",
    "chosen": "column, views chosen per set without labels",
    "k-means": "k-means",
    "k-means, spike times": "k-means on the column's spike times",
    "k-means, features": "k-means on the column's features",
    "k-means, wide features": "k-means on the features without limit",
    "k-shape": "k-shape",
    "one cluster": "all in one cluster",
}
RANKED = {
    "column": ("column", "k-means", "k-means, features", "k-shape"),
    "wide": ("wide", "k-means", "k-means, wide features", "k-shape"),
}
Found = dict[str, dict[str, list[dict[str, float]]]]


def read(folder: Path) -> Found:
    """Return the scores of every set in a folder, by set, method and seed."""
    files = sorted(folder.glob("*.json"))
    return {file.stem: json.loads(file.read_text("utf-8"))["scores"] for file in files}


def mean(found: Found, name: str, method: str, score: str = "ari") -> float:
    """Return a mean over seeds."""
    return float(np.mean([row[score] for row in found[name][method]]))


def spread(found: Found, name: str, method: str, score: str = "ari") -> float:
    """Return a standard deviation over seeds."""
    return float(np.std([row[score] for row in found[name][method]]))


def per_set(found: Found, names: tuple[str, ...], score: str) -> list[str]:
    """Return a Markdown table: methods down, sets across, mean (deviation) over seeds."""
    names = tuple(n for n in names if n in found)
    lines = ["| | " + " | ".join(names) + " | mean |", "|---" + "|---:" * (len(names) + 1) + "|"]
    for method, title in METHODS.items():
        if any(method not in found[n] for n in names):
            continue
        cells = [f"{mean(found, n, method, score):.3f} ({spread(found, n, method, score):.3f})"
                 for n in names]  # fmt: skip
        total = np.mean([mean(found, n, method, score) for n in names])
        lines.append(f"| {title} | " + " | ".join(cells) + f" | **{total:.3f}** |")
    if score == "rand" and names == SEVEN:
        cells = [f"{DTCR[n]:.3f}" for n in names]
        lines.append("| DTCR (published) | " + " | ".join(cells)
                     + f" | {np.mean(list(DTCR.values())):.3f} |")  # fmt: skip
    return lines


def costs(found: Found, names: tuple[str, ...]) -> list[str]:
    """Return a Markdown table of the column: every score, synapses and spikes, by set."""
    scores = ("rand", "ari", "nmi", "purity", "coverage")
    head = "| set | paper | synapses | not 0 | spikes in | "
    lines = [head + " | ".join(scores) + " |", "|---|---" + "|---:" * 8 + "|"]
    for n in names:
        if n not in found:
            continue
        size = [f"{mean(found, n, 'column', s):.0f}" for s in ("synapses", "nonzero", "spikes")]
        cells = [f"{mean(found, n, 'column', s):.3f} ({spread(found, n, 'column', s):.3f})"
                 for s in scores]  # fmt: skip
        lines.append(f"| {n} | {SHAPES.get(n, '')} | " + " | ".join(size + cells) + " |")
    return lines


def variants(found: Found, prefix: str, names: tuple[str, ...]) -> list[str]:
    """Return a Markdown table of variants: mean Rand, adjusted Rand and synapses over sets."""
    names = tuple(n for n in names if n in found and any(k.startswith(prefix) for k in found[n]))
    if not names:
        return []
    lines = [f"| over {len(names)} sets | Rand | adjusted Rand | synapses | not 0 | coverage |",
             "|---" + "|---:" * 5 + "|"]  # fmt: skip
    for method in (m for m in found[names[0]] if m.startswith(prefix)):
        cells = [np.mean([mean(found, n, method, s) for n in names])
                 for s in ("rand", "ari", "synapses", "nonzero", "coverage")]  # fmt: skip
        lines.append(f"| {method.removeprefix(prefix)} | {cells[0]:.3f} | {cells[1]:.3f} | "
                     f"{cells[2]:.0f} | {cells[3]:.0f} | {cells[4]:.3f} |")  # fmt: skip
    return lines


def ranks(found: Found, names: tuple[str, ...], methods: tuple[str, ...]) -> dict[str, Any]:
    """Return mean ranks by adjusted Rand, the critical difference, Friedman's and Wilcoxon's p.

    Wilcoxon's is two-sided, for each pair of methods.

    Source: Demsar, Statistical comparisons of classifiers over multiple data sets (JMLR 2006).
    """
    from scipy import stats

    names = tuple(n for n in names if n in found)
    values: npt.NDArray[np.float64] = np.array(
        [[mean(found, n, m) for m in methods] for n in names]
    )
    k, count = len(methods), len(names)
    q = stats.studentized_range.ppf(0.95, k, np.inf) / np.sqrt(2)
    return {
        "sets": count,
        "ranks": dict(zip(methods, stats.rankdata(-values, axis=1).mean(axis=0), strict=True)),
        "friedman": float(stats.friedmanchisquare(*values.T).pvalue),
        "critical": float(q * np.sqrt(k * (k + 1) / (6 * count))),
        "wilcoxon": {
            f"{a} - {b}": float(stats.wilcoxon(values[:, i], values[:, j]).pvalue)
            for i, a in enumerate(methods)
            for j, b in enumerate(methods)
            if i < j
        },
    }


def draw(found: dict[str, Any], path: Path) -> None:
    """Draw a critical-difference plot: methods on a line of mean ranks, best at the left."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    order = sorted(found["ranks"].items(), key=lambda pair: pair[1])
    figure, axes = plt.subplots(figsize=(7, 1.2 + 0.3 * len(order)))
    last = len(order)
    axes.hlines(0, 1, last, color="black")
    for tick in range(1, last + 1):
        axes.text(tick, 0.25, str(tick), ha="center")
        axes.vlines(tick, 0, 0.15, color="black")
    for row, (method, rank) in enumerate(order, 1):
        axes.vlines(rank, -row, 0, color="grey")
        axes.text(rank + 0.04, -row, f"{METHODS[method]}  {rank:.2f}", va="center",
                  bbox={"facecolor": "white", "lw": 0, "pad": 1})  # fmt: skip
    best = order[0][1]
    axes.hlines(0.9, best, best + found["critical"], color="tab:red", lw=3)
    axes.text(best, 1.1, f"critical difference {found['critical']:.2f} (Nemenyi, 5 %)")
    axes.set_xlim(0.8, last + 1.6)
    axes.set_ylim(-last - 0.6, 1.8)
    axes.axis("off")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, bbox_inches="tight")
    plt.close(figure)


def document(found: Found) -> list[str]:
    """Return all tables in Markdown, and the ranks if every set and peer is there."""
    every = SEVEN + DEVELOPMENT + OTHERS
    lines = ["# The UCR study", "", "Learnt on TRAIN, scored on TEST; mean (deviation) over seeds."]
    for title, names in (("seven", SEVEN), ("development", DEVELOPMENT), ("others", OTHERS),
                         ("further", tuple(n for n in found if n not in every))):  # fmt: skip
        if any(n in found for n in names):
            for score in ("rand", "ari"):
                lines += ["", f"## {title}: {score}", "", *per_set(found, names, score)]
    for title, prefix in (("Pruning", "pruned: "), ("Shapes", "shape: ")):
        for names in (SEVEN, every):
            table = variants(found, prefix, names)
            lines += ["", f"## {title}", "", *table] if table else []
    if any("column" in found[n] for n in found):
        lines += ["", "## Cost", "", *costs(found, tuple(found))]
    if tested := ranked(found):
        lines += ["", "## Ranks on the others", "", "```", json.dumps(tested, indent=1), "```"]
    return lines


def ranked(found: Found) -> dict[str, dict[str, Any]] | None:
    """Return the ranks on the ten other sets of both columns among their peers.

    None while a score is missing. Each column stands beside k-means on its own features.
    """
    every = {m for methods in RANKED.values() for m in methods}
    if all(n in found and every <= set(found[n]) for n in OTHERS):
        return {column: ranks(found, OTHERS, methods) for column, methods in RANKED.items()}
    return None


def record(found: Found) -> None:
    """Record the tables of the seven designs, and remake the page of the recipes."""
    results = recipe_results.read()
    for name, lines in (
        ("ucr_rand", per_set(found, SEVEN, "rand")),
        ("ucr_ari", per_set(found, SEVEN, "ari")),
        ("ucr_costs", costs(found, SEVEN)),
    ):
        results["tables"][name] = recipe_results.table(lines, COMMAND)
    recipe_results.write(results)


def main() -> None:
    """Print all tables, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/ucr_study"))
    parser.add_argument("--readme", action="store_true")
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--document", type=Path, help="a file that gets all tables")
    options = parser.parse_args()
    found = read(options.runs)
    print("\n".join(document(found)))
    if options.document:
        options.document.write_text("\n".join(document(found)) + "\n", "utf-8")
    if options.figure and (tested := ranked(found)):
        draw(tested["column"], options.figure)
    if options.readme:
        record(found)


if __name__ == "__main__":
    main()

"""The UCR study: a column beside k-means and k-shape, the same setting for every set.

    python -m benchmarks.ucr_study [--sets seven|development|others|all|folder|NAME ...]
        [--seeds 10] [--parts column wide paper chosen peers wide_peers pruning shapes]
        [--root FOLDER] [--out runs/ucr_study] [--wandb]

`folder` is every set in the folder of `--root`. Learns on TRAIN, scores on TEST. Every score is
written to `<out>/<set>.json`, so that a study that was cut goes on, and `ucr_tables.py` makes the
tables and figures from these files. `neutnn explore -c ucr/study` does both.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.ucr_chosen import chosen
from benchmarks.ucr_setting import DEVELOPMENT, HOLDOUT, OTHERS, SETTINGS, SEVEN, Setting
from benchmarks.ucr_variants import pruned, shapes

import numpy as np  # isort: skip
import torch
from threadpoolctl import threadpool_limits

from datamodules import UCR
from datamodules.encoders import standardise
from hls.errors import InvalidInput
from neutnn_pl.metrics.cluster import cluster_scores, coverage
from neutnn_pl.nn import Network
from neutnn_pl.nn.restarts import learn_restarts
from neutnn_pl.tracking import log_scores

GROUPS = {"seven": SEVEN, "development": DEVELOPMENT, "others": OTHERS}
PARTS = ("column", "wide", "paper", "chosen", "peers", "wide_peers", "pruning", "shapes")
Scores = dict[str, float]


def data_of(name: str, setting: Setting, root: str | None) -> UCR:
    """Return a set, encoded: gaps interpolated, Wafer's TRAIN divided by the stated rule."""
    options: dict[str, Any] = {"root": root, "gaps": "interpolate", "holdout": HOLDOUT.get(name)}
    length = UCR(name, **options).length
    return UCR(name, encoder=setting.encoder(length), **options)


def scores(network: Network, x: torch.Tensor, labels: torch.Tensor) -> Scores:
    """Return all scores of a network on spike times `[B, lines]`."""
    y = network(x)
    found = {k: float(v) for k, v in cluster_scores(network.answer(y), labels).items()}
    layers = network.columns
    return {
        **found,
        "coverage": float(coverage(y)),
        "synapses": network.synapses,
        "nonzero": sum(int((layer.weights != 0).sum()) for layer in layers),
        "spikes": float((x != 255).sum(dim=1).double().mean()),
    }


def columns(name: str, part: str, seeds: int, root: str | None) -> list[Scores]:
    """Learn and score one setting, seed by seed."""
    setting = SETTINGS[part]
    data = data_of(name, setting, root)
    train, test = (torch.from_numpy(data.spikes(split)) for split in ("train", "test"))
    labels = torch.from_numpy(data.series("test")[1])
    network = setting.network(train, data.classes, data.tres)
    rows = []
    for seed in range(seeds):
        kept = learn_restarts(network, train, setting.presentations, setting.rule, seed)
        rows.append(scores(kept, test, labels))
    return rows


def views(name: str, seeds: int, root: str | None, have: dict[str, Any]) -> dict[str, list[Scores]]:
    """Learn and score the column whose views are chosen without labels; note which they are."""
    rows, have["views"] = chosen(name, seeds, root, scores)
    return {"chosen": rows}


def features(data: UCR) -> list[np.ndarray]:
    """Return what the encoder encodes, float64 `[B, features]`, of TRAIN and of TEST."""
    parts = data.encoder.parts  # type: ignore[attr-defined]
    both = [data.series(split)[0] for split in ("train", "test")]
    data.encoder.fit(both[0])
    return [np.concatenate([p.prepare(x) for p in parts], axis=1) for x in both]


def wide_peers(name: str, seeds: int, root: str | None) -> dict[str, list[Scores]]:
    """Score k-means on the features of the wide column."""
    from sklearn.cluster import KMeans

    data = data_of(name, SETTINGS["wide"], root)
    (a, b), truth = features(data), torch.from_numpy(data.series("test")[1])
    found = []
    for seed in range(seeds):
        guess = KMeans(data.classes, n_init=10, random_state=seed).fit(a).predict(b)
        made = cluster_scores(torch.from_numpy(guess.astype(np.int64)), truth)
        found.append({key: float(value) for key, value in made.items()})
    return {"k-means, wide features": found}


def peers(name: str, seeds: int, root: str | None) -> dict[str, list[Scores]]:
    """Score k-means on series, spike times and features, k-shape, and all in one cluster."""
    from sklearn.cluster import KMeans
    from tslearn.clustering import KShape

    data = data_of(name, SETTINGS["column"], root)
    (train, _), (test, labels) = data.series("train"), data.series("test")
    spikes = [np.where(x == 255, 8, x).astype(float) for x in map(data.spikes, ("train", "test"))]
    values = features(data)
    raw = [standardise(train), standardise(test)]
    truth, found = torch.from_numpy(labels), {}

    def score(guess: np.ndarray) -> Scores:
        made = cluster_scores(torch.from_numpy(np.asarray(guess, dtype=np.int64)), truth)
        return {key: float(value) for key, value in made.items()}

    sides = {"k-means": raw, "k-means, spike times": spikes, "k-means, features": values}
    for title, (a, b) in sides.items():
        found[title] = [
            score(KMeans(data.classes, n_init=10, random_state=seed).fit(a).predict(b))
            for seed in range(seeds)
        ]
    a, b = (x[:, :, None] for x in raw)
    found["k-shape"] = [
        score(KShape(data.classes, n_init=1, random_state=seed).fit(a).predict(b))
        for seed in range(seeds)
    ]
    found["one cluster"] = [score(np.zeros(len(labels)))]
    return found


def study(name: str, parts: list[str], seeds: int, root: str | None, out: Path) -> None:
    """Run what is missing of one set and write it."""
    path = out / f"{name}.json"
    have = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    runs: dict[str, Callable[[], dict[str, list[Scores]]]] = {
        part: lambda part=part: {part: columns(name, part, seeds, root)}  # type: ignore[misc]
        for part in SETTINGS
    }
    runs["chosen"] = lambda: views(name, seeds, root, have)
    runs["peers"] = lambda: peers(name, seeds, root)
    column = SETTINGS["column"]
    runs["wide_peers"] = lambda: wide_peers(name, seeds, root)
    runs["pruning"] = lambda: pruned(data_of(name, column, root), column, seeds, scores)
    runs["shapes"] = lambda: shapes(data_of(name, column, root), column, seeds, scores)
    for part in parts:
        if part in have.get("done", []):
            continue
        begin = time.perf_counter()
        with threadpool_limits(1):  # small matrices: threads of k-means would only wait
            have.setdefault("scores", {}).update(runs[part]())
        have.setdefault("seconds", {})[part] = round(time.perf_counter() - begin, 1)
        have.setdefault("done", []).append(part)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(have, indent=1), "utf-8")
        first = list(have["scores"].items())[-1]
        ari = np.mean([row["ari"] for row in have["scores"].get(part, first[1])])
        print(f"{name:30s} {part:8s} {have['seconds'][part]:7.1f} s  ARI {ari:.3f}", flush=True)


def named(sets: list[str], root: str | None) -> list[str]:
    """Return names of sets for names and groups; `folder` is every set in the folder `root`.

    Raises:
        InvalidInput: for `folder` without a folder, or with an empty one.
    """
    names: list[str] = []
    for one in sets:
        if one == "all":
            names += [name for group in GROUPS.values() for name in group]
        elif one == "folder":
            found = sorted(path.parent.name for path in Path(root or "-").glob("*/*_TRAIN.ts*"))
            if not found:
                raise InvalidInput(
                    "study: sets folder",
                    got=f"root {root}, without a set",
                    expected="a folder with <name>/<name>_TRAIN.ts or .tsv",
                )
            names += found
        else:
            names += GROUPS.get(one, (one,))
    return list(dict.fromkeys(names))


def run(
    sets: list[str],
    parts: list[str],
    seeds: int,
    root: str | None,
    out: Path,
    *,
    wandb: bool = False,
) -> None:
    """Run what is missing of a study; see the top of this file.

    Args:
        sets: names and groups of sets.
        parts: what to measure.
        seeds: how many, from 0 on.
        root: a folder of sets; None takes NEUTNN_DATA.
        out: where the scores go.
        wandb: log each set to Weights & Biases as a run.
    """
    for one in parts:
        if one not in PARTS:
            raise InvalidInput(
                "study: parts", got=repr(one), expected=f"some of {', '.join(PARTS)}"
            )
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    for name in named(sets, root):
        study(name, parts, seeds, root, out)
        if wandb:
            written = json.loads((out / f"{name}.json").read_text("utf-8"))
            log_scores(name, written["scores"], out, {"set": name, "seeds": seeds})


def main() -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=["all"])
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--root", help="a folder of sets; default NEUTNN_DATA")
    parser.add_argument("--out", type=Path, default=Path("runs/ucr_study"))
    parser.add_argument("--wandb", action="store_true", help="log each set to Weights & Biases")
    options = parser.parse_args()
    run(options.sets, options.parts, options.seeds, options.root, options.out,
        wandb=options.wandb)  # fmt: skip


if __name__ == "__main__":
    main()

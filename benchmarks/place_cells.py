"""Everything measured about place cells: tables to the terminal, pictures to docs/images.

    .venv/bin/python benchmarks/place_cells.py [--only accuracy load localise ...] [--seeds 10]

Each experiment takes its data and model from its recipe in recipes/place_cells; seed `s` of the
study is seed `s` of the maps. `--quick` makes it small, to see that it runs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import neutnn_pl  # noqa: F401 - before any import of lightning

import numba  # isort: skip
import numpy as np  # isort: skip
import place_cells_pictures as pictures
import torch
from place_cells_common import (
    MEAN,
    SHORT,
    Options,
    Pruned,
    add_points,
    baselines,
    drop_fresh,
    empty_panels,
    heading,
    ideal_known,
    learnt,
    prune_one_of_three,
    prune_share,
    row,
    sample,
    setting,
    walks_of,
    with_a_field_less,
)
from place_cells_localise import lenient_localisation, noisy_localisation

from datamodules.place_cells import PlaceMaps, ask
from datamodules.place_cells.pictures import draw_maps, draw_walk
from neutnn_pl.metrics.associative import ExactDictionary
from neutnn_pl.metrics.place_cells import accuracy, accuracy_of, losses
from neutnn_pl.nn import place_cells as cells
from neutnn_pl.nn.place_cells import FIELDS, PlaceMemory, integrate, localise, localise_walks
from neutnn_pl.nn.place_cells.navigate import positions

IMAGES = Path(__file__).parents[1] / "docs" / "images"
CAUSES = ("unstored", "overwritten", "ambiguous", "refused", "lost")


def study_accuracy(o: Options) -> None:
    """Accuracy per field at the paper's size, and where losses come from."""
    heading("Accuracy", "memory", "synapses", *SHORT.values())
    tables = [
        ("plane, 32 segments", "plane", {}),
        ("plane, 24 segments", "plane", {"segments": 24}),
        ("plane, 16 segments", "tight", {}),
        ("plane, 16 by expected load", "by_load", {}),
        ("plane, 12 from a pool", "tight", {"segments": 12, "budget": "pool"}),
        ("torus, 24 segments", "torus", {}),
        ("torus, 16 segments", "torus", {"segments": 16}),
    ]
    causes: list[tuple[str, list[Any]]] = []
    for name, recipe, changes in tables:
        runs, why, synapses = [], [], 0
        for seed in range(o.seeds):
            data, model = setting(recipe, seed, o.quick)
            memory, edges, stored = learnt(data, seed, **{**model, **changes})
            runs.append(accuracy(memory, edges, edges))
            why.append(losses(memory, edges, stored))
            synapses = memory.synapses
        row(name, runs, f"{synapses:,}")
        causes.append((name, why))
    for recipe in ("tight", "torus"):
        found: dict[str, list[dict[str, float]]] = {}
        for seed in range(o.seeds):
            data, model = setting(recipe, seed, o.quick)
            size = PlaceMemory(data.code, 16).synapses
            others = baselines(data.edges(), data, size)
            for name, other in others.items():
                found.setdefault(name, []).append(accuracy_of(other, data.edges(), data.edges()))
        for name, runs in found.items():
            shown = f"{size:,}" if "Willshaw" in name else ""
            row(f"{recipe.replace('tight', 'plane')}: {name}", runs, shown)
    heading("Where losses come from", "memory", "field", "unstored", "overwritten", "ambiguous",
            "edges not stored", "edges overwritten")  # fmt: skip
    for name, why in causes:
        for field in ("dx", "dy", "environment"):
            share = [np.mean([getattr(one[field], c) for one in why]) for c in CAUSES[:3]]
            count = [np.mean([getattr(one[field], c) for one in why]) for c in CAUSES[3:]]
            parts = [*(f"{p:.4f}" for p in share), *(f"{n:.1f}" for n in count)]
            print(f"| {name} | {SHORT[field]} | " + " | ".join(parts) + " |")


def study_synapses(o: Options) -> None:
    """Accuracy against the number of segments, for every way to spend them."""
    heading("Synapses (plane)", "segments", "synapses", "budget", *SHORT.values())
    curves = empty_panels()
    for segments in (4, 8) if o.quick else (4, 8, 12, 16, 24, 32):
        for budget in ("fixed", "load", "pool"):
            runs = []
            for seed in range(min(o.seeds, 2)):
                data, model = setting("tight", seed, o.quick)
                settings = {**model, "segments": segments, "budget": budget}
                memory, edges, _ = learnt(data, seed, **settings)
                runs.append(accuracy(memory, edges, edges))
            row(f"{segments} | {memory.synapses:,} | {budget}", runs)
            add_points(curves, f"{budget} segments", memory.synapses / 1e6, runs)
    pictures.curves(curves, "synapses (million)", IMAGES / "place_synapses.png")


def study_load(o: Options) -> None:
    """Accuracy against the number of stored maps, on a fixed number of synapses."""
    heading("Load", "maps", "edges", "memory", *SHORT.values())
    loads = [2, 4, 6] if o.quick else [5, 10, 15, 20, 30, 40, 60, 80, 120]
    curves = empty_panels()
    for budget in ("fixed", "load", "pool"):
        found: dict[int, list[dict[str, float]]] = {}
        for seed in range(min(o.seeds, 2)):
            data, model = setting("capacity", seed, o.quick)
            model["budget"] = budget
            memory, all_edges = cells.make_memory(data.code, edges=3600, **model), data.edges()
            asked = before = 0
            for maps in loads:
                some = all_edges[(all_edges[:, 0] >= before) & (all_edges[:, 0] < maps)]
                order = np.random.default_rng([seed, maps]).permutation(len(some))
                memory.learn(some[torch.from_numpy(order)])
                before = maps
                asked_of = sample(all_edges[all_edges[:, 0] < maps], 2000, seed)
                found.setdefault(maps, []).append(accuracy(memory, asked_of, asked_of))
                asked = len(all_edges[all_edges[:, 0] < maps])
                if budget != "fixed" or seed:
                    continue
                others = baselines(all_edges[all_edges[:, 0] < maps], data, memory.synapses)
                for name, other in others.items():
                    if name in ("exact dictionary", "1 nearest", "Willshaw, 3 fields"):
                        scores = accuracy_of(other, asked_of, asked_of)
                        row(f"{maps} | {asked} | {name}", [scores])
                        add_points(curves, name, maps, [scores])
        for maps, runs in found.items():
            row(f"{maps} | {90 * maps} | {budget}, {memory.synapses:,} synapses", runs)
            add_points(curves, f"{budget} segments", maps, runs)
    pictures.curves(curves, "maps stored", IMAGES / "place_load.png")


def study_features(o: Options) -> None:
    """Accuracy against features, collisions, and the size of the grid."""
    heading("Other sizes (20 maps, 24 segments)", "data", "edges", *SHORT.values())
    for name, changes in (
        ("5 features", {"features": 5, "objects": 5}),
        ("10 features", {}),
        ("20 features", {"features": 20, "objects": 20}),
        ("30 % collisions", {"collisions": 0.3}),
        ("100 % collisions", {"collisions": 1.0}),
        ("8x8 plane", {"width": 8, "height": 8}),
    ):
        runs, exact = [], []
        for seed in range(min(o.seeds, 3)):
            data, model = setting("plane", seed, o.quick, **{"environments": 20, **changes})
            memory, edges, _ = learnt(data, seed, **{**model, "segments": 24})
            runs.append(accuracy(memory, edges, edges))
            exact.append(accuracy_of(ExactDictionary(edges), edges, edges))
        row(name, runs, str(len(edges)))
        row(f"{name}: exact dictionary", exact, str(len(edges)))


def study_noise(o: Options) -> None:
    """Accuracy with spikes missing or wrong."""
    heading("Noise", "spikes", "memory", *SHORT.values())
    silent, wrongs = empty_panels(), empty_panels()
    shares = [(0.0, 0.0), (0.1, 0.0), (0.2, 0.0), (0.3, 0.0), (0.0, 0.1), (0.0, 0.2), (0.1, 0.1)]
    for missing, wrong in shares[1::4] if o.quick else shares:
        found: dict[str, list[dict[str, float]]] = {}
        for seed in range(min(o.seeds, 3)):
            data, model = setting("noise", seed, o.quick, missing=missing, wrong=wrong)
            memory, edges, _ = learnt(data, seed, **model)
            given, true = data.questions(), data.edges()
            pick = np.random.default_rng(seed).permutation(len(true))[:1500]
            given, true = given[pick], true[pick]
            found.setdefault("ours", []).append(accuracy(memory, given, true))
            size = memory.synapses  # before anything is masked
            drop_fresh(memory)
            found.setdefault("ours, unused segments masked", []).append(
                accuracy(memory, given, true)
            )
            for name, other in baselines(edges, data, size).items():
                found.setdefault(name, []).append(accuracy_of(other, given, true))
        for name, runs in found.items():
            row(f"{missing:.0%} missing, {wrong:.0%} wrong | {name}", runs)
            if missing == 0:
                add_points(wrongs, name, wrong, runs)
            if wrong == 0:
                add_points(silent, name, missing, runs)
    panels = {"missing spikes": silent[MEAN], "wrong spikes": wrongs[MEAN]}
    pictures.curves(panels, "share of spikes", IMAGES / "place_noise.png")


def study_localise(o: Options) -> None:
    """Observations needed to know the environment, and path integration."""
    heading("Localisation", "edges seen", "memory", "right", "edges needed", "ideal", "ratio")
    found: dict[tuple[int, tuple[str, ...]], list[list[float]]] = {}
    for segments in (32, 16):
        for seed in range(o.seeds):
            data, model = setting("localise", seed, o.quick)
            memory, edges, _ = learnt(data, seed, **{**model, "segments": segments})
            for hidden in ((), ("dy",)):
                walks = walks_of(data.maps, 100 if o.quick else 400, 10, seed, hidden)
                truth = walks[:, 0, 0]
                ours, ideal = (
                    localise_walks(memory, walks),
                    localise(ideal_known(edges, walks, data)),
                )
                numbers = (
                    (ours.answer == truth).double(), ours.steps.double(), ideal.steps.double()
                )  # fmt: skip
                found.setdefault((segments, hidden), []).append([float(n.mean()) for n in numbers])
                if seed == 0 and hidden and segments == 32:
                    long = int(ours.steps.argmax())
                    walk, left = walks[long], ours.candidates[long]
                    pictures.localisation(data.maps, walk, left, int(truth[long]), IMAGES)
    for (segments, hidden), rows in found.items():
        right, needed, best = np.mean(rows, axis=0)
        name = "whole" if not hidden else f"without {' and '.join(hidden)}"
        print(f"| {name} | {segments} segments | {right:.3f} | {needed:.3f} | {best:.3f} "
              f"| {needed / best:.3f} |")  # fmt: skip
    for name, numbers_ in lenient_localisation(o):
        print(f"| {name} | " + " | ".join(f"{v:.3f}" for v in numbers_) + " |")
    for share in (0.05, 0.1):
        for cells_ in noisy_localisation(o, share):
            print("| " + " | ".join(cells_) + " |")
    heading("Path integration", "memory", *(f"after {k}" for k in (1, 2, 4, 8)), "answered")
    for name, recipe in (("plane, 32", "plane"), ("plane, 16", "tight"), ("torus, 24", "torus")):
        rows = []
        for seed in range(o.seeds):
            data, model = setting(recipe, seed, o.quick)
            memory, _, _ = learnt(data, seed, **model)
            walks = walks_of(data.maps, 200, 8, seed, ())
            where, known = integrate(memory, walks)
            right = ((where == positions(data.code, walks)).all(2) & known).double().mean(0)
            rows.append(
                [*(float(right[k - 1]) for k in (1, 2, 4, 8)), float(known[:, -1].double().mean())]
            )
        print(f"| {name} | " + " | ".join(f"{v:.3f}" for v in np.mean(rows, axis=0)) + " |")


def study_change(o: Options) -> None:
    """An environment altered while running: how fast does its new map come in?"""
    heading("Change: 3 of 10 objects of map 0 move", "edges relearnt", "memory",
            "dx, whole edge", "dx, only map, tail, head", "other maps")  # fmt: skip
    for name, segments, how in (
        ("STDP", 32, "learn"), ("STDP and forgetting", 32, "revise"),
        ("STDP and forgetting", 16, "revise"),
    ):  # fmt: skip
        rows: dict[int, list[list[float]]] = {}
        for seed in range(o.seeds):
            data, model = setting("change", seed, o.quick)
            memory, _, _ = learnt(data, seed, **{**model, "segments": segments})
            after = torch.from_numpy(data.maps.changed(0, 3, seed).edges())
            moved = after[(after != data.edges()).any(1)]
            order = np.random.default_rng([seed, 5]).permutation(len(moved))
            moved, rest = moved[torch.from_numpy(order)], data.edges()[data.edges()[:, 0] > 0]
            so_far = 0
            for part in range(5):
                relearnt = part * len(moved) // 4
                getattr(memory, how)(moved[so_far:relearnt])
                so_far = relearnt
                hidden = torch.from_numpy(ask(moved.numpy(), "dy"))
                scores = [(memory.infer(q, "dx") == t[:, 3]).double().mean()
                          for q, t in ((moved, moved), (hidden, moved), (rest, rest))]  # fmt: skip
                rows.setdefault(part, []).append([*map(float, scores)])
        for part, values in rows.items():
            print(f"| {25 * part} % | {name}, {segments} segments | "
                  + " | ".join(f"{v:.3f}" for v in np.mean(values, axis=0)) + " |")  # fmt: skip


def study_pruning(o: Options) -> None:
    """Unused segments and zeros go exactly; then shares of what is left."""
    heading("Pruning", "what goes", "synapses", "of the rest", *SHORT.values(), "answers changed",
            "a field less")  # fmt: skip
    found: dict[str, list[Pruned]] = {}
    for seed in range(o.seeds):
        for name, result in pruned(*setting("pruning", seed, o.quick), seed):
            found.setdefault(name, []).append(result)
    for name, runs in found.items():
        parts = [f"{np.mean([run.accuracy[f] for run in runs]):.3f}" for f in SHORT]
        size, changed, less = np.mean([(r.synapses, r.changed, r.less) for r in runs], axis=0)
        rest = np.mean([run.synapses for run in found["and zeros"]])
        gone = f"{1 - size / rest:.1%}" if size <= rest else ""
        print(f"| {name} | {size:,.0f} | {gone} | {' | '.join(parts)} | {changed:.4f} "
              f"| {less:.3f} |", flush=True)  # fmt: skip


def pruned(data: PlaceMaps, model: dict[str, Any], seed: int) -> Iterator[tuple[str, Pruned]]:
    """Return what has gone, and how the memory does without it."""
    memory, edges, _ = learnt(data, seed, **model)
    before = torch.stack([memory.infer(edges, field) for field in FIELDS])
    asked = sample(edges, 500, seed)

    def now() -> Pruned:
        answers = torch.stack([memory.infer(edges, field) for field in FIELDS])
        shares = (answers == edges.T).double().mean(1).tolist()
        changed = float((answers != before).double().mean())
        named = dict(zip(FIELDS, shares, strict=True))
        return Pruned(memory.synapses, named, changed, with_a_field_less(memory, asked))

    yield "nothing", now()
    drop_fresh(memory)
    yield "unused segments", now()
    memory.layer.prune(memory.layer.weights == 0)
    yield "and zeros", now()
    state = {k: v.clone() for k, v in memory.state_dict().items()}
    for times in ("and what no question needs", "and what no question needs then"):
        memory.layer.prune(cells.redundant(memory, edges))
        yield times, now()
    for share in (0.1, 0.2, 0.3, 0.4, 0.5):
        memory.load_state_dict(state)
        prune_share(memory, share, seed)
        yield f"and {share:.0%} of the rest at random", now()
    memory.load_state_dict(state)
    prune_one_of_three(memory, (0, 1))
    yield "and dy of every edge in X, dx in Y", now()
    prune_one_of_three(memory, (2,))
    yield "and dy of every edge in E too", now()


def study_fields(o: Options) -> None:
    """Pictures: maps, a walk, and the field of each place cell over a map."""
    data, model = setting("plane", 0, o.quick)
    memory, _, _ = learnt(data, 0, **model)
    draw_maps(data.maps, [0, 1, 2], IMAGES / "place_maps.png")
    draw_walk(data.maps, 0, data.maps.walk(0, 8, 6), IMAGES / "place_walk.png")
    pictures.goal_fields(data.maps, memory, 0, IMAGES / "place_fields.png")
    print("\npictures: place_maps.png, place_walk.png, place_fields.png")


def study_trajectory(o: Options) -> None:
    """A rat's position from its grid cells, beside a linear decoder."""
    import place_cells_trajectory as trajectory

    heading("Trajectory", "cells", "decoder", "median error (m), mean over seeds", "std")
    for cells_, name, errors in trajectory.study(min(o.seeds, 5), o.quick, IMAGES):
        print(f"| {cells_} | {name} | {np.mean(errors):.4f} | {np.std(errors):.4f} |", flush=True)


def study_chip(o: Options) -> None:
    """The memory as a chip learns it, and the paper's size as C, on all questions."""
    import place_cells_chip as chip

    heading("On a chip (plane, 16 segments)", "memory", *SHORT.values())
    for name, runs in chip.accuracies(min(o.seeds, 3), o.quick):
        row(name, runs)
    heading("As C", *chip.COLUMNS)
    for cells_ in chip.as_c(o.quick):
        print("| " + " | ".join(cells_) + " |", flush=True)


STUDIES: dict[str, Callable[[Options], None]] = {
    name.removeprefix("study_"): value
    for name, value in list(globals().items())
    if name.startswith("study_")
}


def main() -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=list(STUDIES), default=list(STUDIES))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--images", type=Path, default=IMAGES)
    options = parser.parse_args()
    # Its arrays are small: more threads take more processor time than they save by the clock.
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    globals()["IMAGES"] = options.images
    options.images.mkdir(parents=True, exist_ok=True)
    for name in options.only:
        start, busy = time.perf_counter(), time.process_time()
        STUDIES[name](Options(2 if options.quick else options.seeds, options.quick))
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
        print(f"\n({name}: {seconds:.0f} s, {busy:.0f} s of processor time)", flush=True)


if __name__ == "__main__":
    main()

"""Localisation under a lower threshold, and with wrong fields."""

from __future__ import annotations

import neutnn_pl  # noqa: F401 - before any import of lightning

import numpy as np  # isort: skip
import torch
from place_cells_common import (
    Options,
    drop_fresh,
    ideal_known,
    ideal_noisy,
    learnt,
    setting,
    walks_of,
)

from datamodules.place_cells import disturb
from neutnn_pl.nn.place_cells import FIELDS, localise, localise_walks


def lenient_localisation(o: Options) -> list[tuple[str, list[float]]]:
    """Return rows of the table for E at its own threshold, at which two of three fields pass."""
    found = []
    for hidden in ((), ("dy",)):
        rows = []
        for seed in range(o.seeds):
            data, model = setting("localise", seed, o.quick)
            memory, edges, _ = learnt(data, seed, **model)
            drop_fresh(memory)  # at theta 13 every fresh segment would pass too
            walks = walks_of(data.maps, 100 if o.quick else 400, 10, seed, hidden)
            known = memory.environments(walks.flatten(0, 1), memory.theta)
            ours = localise(known.unflatten(0, walks.shape[:2]))
            best = localise(ideal_known(edges, walks, data)).steps.double().mean()
            right = (ours.answer == walks[:, 0, 0]).double().mean()
            needed = ours.steps.double().mean()
            rows.append([float(v) for v in (right, needed, best, needed / best)])
        name = "whole" if not hidden else "without dy"
        found.append((f"{name} | 32 segments, theta 13", np.mean(rows, axis=0).tolist()))
    return found


def noisy_localisation(o: Options, share: float) -> list[list[str]]:
    """Return rows of the table for walks of which a share of all fields is wrong.

    The memory answers when one environment leads by one vote, or two; the ideal observer when its
    posterior exceeds 0.95. All may be wrong.
    """
    rows = []
    for seed in range(o.seeds):
        data, model = setting("localise", seed, o.quick)
        memory, edges, _ = learnt(data, seed, **model)
        walks = walks_of(data.maps, 100 if o.quick else 400, 15, seed, ())
        truth, flat = walks[:, 0, 0], walks.flatten(0, 1).numpy()
        values = tuple(data.code.values(field) for field in FIELDS)
        seen = torch.from_numpy(disturb(flat, values, wrong=share, seed=seed))
        seen = seen.unflatten(0, walks.shape[:2])
        steps, answer = ideal_noisy(edges, seen, data, share)
        numbers = [(answer == truth).double(), steps.double()]
        for lead in (1, 2):
            ours = localise_walks(memory, seen, lead)
            numbers += [(ours.answer == truth).double(), ours.steps.double()]
        rows.append([float(n.mean()) for n in numbers])
    right_ideal, best, *ours_ = np.mean(rows, axis=0)
    return [
        [f"{share:.0%} of all fields wrong", f"32 segments, lead of {lead}", f"{right:.3f}",
         f"{needed:.3f}", f"{best:.3f} ({right_ideal:.3f} right)", f"{needed / best:.3f}"]
        for lead, right, needed in ((1, *ours_[:2]), (2, *ours_[2:]))
    ]  # fmt: skip

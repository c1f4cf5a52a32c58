"""Small frozen networks: a plain one, and one that uses every field."""

import numpy as np

from hls.ir import FrozenLayer, FrozenNetwork


def plain_layer(**changes):
    """Two point neurons on five lines; one synapse is pruned."""
    weights = np.array([[0, 3, 7, 1, 0], [2, 2, 2, 2, 7]], dtype=np.uint8)
    mask = np.ones((1, 2, 1, 1, 5), dtype=bool)
    mask[0, 0, 0, 0, 0] = False
    fields = {
        "weights": weights.reshape(mask.shape),
        "mask": mask,
        "theta": np.full((1, 2), 9, dtype=np.int32),
        "lines": np.arange(5, dtype=np.int32)[None],
    }
    return FrozenLayer(**{**fields, **changes})


def plain(**changes):
    """Return a network of one plain layer."""
    return FrozenNetwork("tiny_5x2", 5, 3, (plain_layer(**changes),))


C, N, D, S, P, R, LINES = 2, 3, 2, 2, 4, 2, 6


def rich_layer(**changes):
    """A layer that uses every field, with weighted proximal synapses of 2 bits."""
    rng = np.random.default_rng(1)
    mask = rng.random((C, N, D, S, P)) < 0.8
    proximal_mask = rng.random((C, N, D, S, R)) < 0.7
    fields = {
        "weights": rng.integers(0, 8, mask.shape, dtype=np.uint8) * mask,
        "mask": mask,
        "theta": rng.integers(1, 20, (C, N), dtype=np.int32),
        "lines": rng.integers(-1, 5, (C, P), dtype=np.int32),
        "response": "rnl",
        "horizon": 5,
        "wta": "k-wta",
        "k": 2,
        "tie": "potential",
        "retime": 5,
        "late": "saturate",
        "proximal": "weighted",
        "proximal_lines": rng.integers(-1, LINES, (C, N, D, R), dtype=np.int32),
        "proximal_weights": rng.integers(0, 4, proximal_mask.shape, dtype=np.uint8) * proximal_mask,
        "proximal_mask": proximal_mask,
        "proximal_wres": 2,
        "proximal_horizon": 12,
        "learning": {"kind": "stdp", "note": "gamma \u03b3", "taps": 9, "lfsr_width": 32},
        "lfsr": np.array([1, 2**31], dtype=np.int64),
        "lfsr_draws": rng.integers(0, 9, (4, N * D * S, P + R), dtype=np.int32),
    }
    return FrozenLayer(**{**fields, **changes})


def rich(**changes):
    """Return a network of one rich layer, with votes."""
    votes = np.arange(-12, 12, dtype=np.int8).reshape(C, N, 4)
    return FrozenNetwork("rich", 5, 3, (rich_layer(**changes),), votes=votes, proximal_lines=LINES)

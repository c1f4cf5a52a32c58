"""Counter-based random numbers: every draw is a pure function of its coordinates."""

from __future__ import annotations

import torch
from torch import Tensor

_LOW = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)

CASE, SEARCH = 0, 1
TIE_SEGMENT, TIE_DENDRITE, TIE_NEURON = 4, 5, 6
VOTE, WEIGHTS, ORDER, PRUNING, LFSR, DATA = 7, 8, 10, 11, 12, 13


def philox(counter: tuple[Tensor, Tensor, Tensor, Tensor], seed: int) -> Tensor:
    """Return the four output words of Philox-4x32-10.

    Args:
        counter: the words c0..c3, int64 tensors of values `0 .. 2**32 - 1` that broadcast.
        seed: 64-bit key; its low half is the first key word.

    Returns:
        int64 `[..., 4]`, words `0 .. 2**32 - 1`.

    Source: Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (SC 2011).

    >>> zero = torch.tensor(0)
    >>> [f"{int(word):08x}" for word in philox((zero, zero, zero, zero), 0)]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    c0, c1, c2, c3 = torch.broadcast_tensors(*counter)
    k0, k1 = seed & _LOW, (seed >> 32) & _LOW
    for _ in range(10):
        # int64 products wrap, but the bit pattern is the unsigned one.
        product0, product1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = (
            ((product1 >> 32) & _LOW) ^ c1 ^ k0,
            product1 & _LOW,
            ((product0 >> 32) & _LOW) ^ c3 ^ k1,
            product0 & _LOW,
        )
        k0, k1 = (k0 + _WEYL[0]) & _LOW, (k1 + _WEYL[1]) & _LOW
    return torch.stack((c0, c1, c2, c3), dim=-1)


def draw_blocks(
    gamma: Tensor, stream: int, layer: int, columns: Tensor, blocks: Tensor, seed: int
) -> Tensor:
    """Return the words of blocks of one stream.

    Args:
        gamma: int64 `[B]`, gamma cycle of each sample, `0 .. 2**52 - 1`.
        stream: what the draws are for, `0 .. 15`.
        layer: weight-bearing layer, `0 .. 255`.
        columns: int64 `[C]`, columns as numbered in the undivided network.
        blocks: int64 `[K]`, block numbers.
        seed: 64-bit key.

    Returns:
        int64 `[B, C, K, 4]`.
    """
    gamma = gamma[:, None, None]
    c1 = ((gamma >> 32) << 12) | (stream << 8) | layer
    return philox((gamma & _LOW, c1, columns[None, :, None], blocks[None, None, :]), seed)


def synapse_words(
    gamma: Tensor, stream: int, layer: int, columns: Tensor, segments: int, inputs: int, seed: int
) -> Tensor:
    """Return one 32-bit word per synapse (streams 0, 2, 8, 9, 11).

    With `Pb = ceil(P / 4)`, synapse `i` of segment `g` takes block `g Pb + i % Pb`, word `i // Pb`.

    Args:
        gamma: int64 `[B]`.
        stream: 0 (cases), 8 (initial weights) or 11 (ties in pruning); 2 and 9 for proximal.
        layer: weight-bearing layer.
        columns: int64 `[C]`.
        segments: segments per column, `G = N D S`.
        inputs: inputs per segment, `P`.
        seed: 64-bit key.

    Returns:
        int64 `[B, C, G, P]`.
    """
    pb = -(-inputs // 4)
    blocks = torch.arange(segments * pb, device=gamma.device)
    words = draw_blocks(gamma, stream, layer, columns, blocks, seed)
    words = words.reshape(*words.shape[:2], segments, pb, 4).transpose(-1, -2)
    return words.reshape(*words.shape[:3], 4 * pb)[..., :inputs]


def search_draws(
    gamma: Tensor, stream: int, layer: int, columns: Tensor, segments: int, inputs: int, seed: int
) -> Tensor:
    """Return one 10-bit draw per synapse for search (streams 1, 3).

    With `Gb = ceil(G / 12)`, segment `g` on input `i` takes block `i Gb + g // 12`; with
    `r = g % 12` its draw is word `r % 4`, bits `10 (r // 4)` onwards.

    Returns:
        int64 `[B, C, G, P]`, `0 .. 1023`; arguments as in `synapse_words`.
    """
    gb = -(-segments // 12)
    blocks = torch.arange(inputs * gb, device=gamma.device)
    words = draw_blocks(gamma, stream, layer, columns, blocks, seed)
    fields = torch.stack([(words >> shift) & 1023 for shift in (0, 10, 20)], dim=-2)
    fields = fields.reshape(*fields.shape[:2], inputs, 12 * gb)[..., :segments]
    return fields.transpose(-1, -2)


def tie_words(
    gamma: Tensor, stream: int, layer: int, columns: Tensor, units: int, seed: int
) -> Tensor:
    """Return one 32-bit word per unit for random ties: block `unit // 4`, word `unit % 4`.

    Returns:
        int64 `[B, C, units]`; arguments as in `synapse_words`.
    """
    blocks = torch.arange(-(-units // 4), device=gamma.device)
    words = draw_blocks(gamma, stream, layer, columns, blocks, seed)
    return words.reshape(*words.shape[:2], -1)[..., :units]


def initial_weights(
    layer: int,
    columns: Tensor,
    segments: int,
    inputs: int,
    w_max: int,
    seed: int,
    stream: int = WEIGHTS,
) -> Tensor:
    """Return uniform initial weights: `(word * (w_max + 1)) >> 32` at gamma 0.

    Stream 8 is for distal, 9 for proximal synapses.

    Returns:
        uint8 `[C, G, P]`, in weight LSB, `0 .. w_max`.
    """
    gamma = torch.zeros(1, dtype=torch.int64, device=columns.device)
    words = synapse_words(gamma, stream, layer, columns, segments, inputs, seed)[0]
    return ((words * (w_max + 1)) >> 32).to(torch.uint8)


def lfsr_seeds(layer: int, columns: Tensor, seed: int) -> Tensor:
    """Return the first state of each column's LFSR, int64 `[C]`, never 0.

    The low 24 bits of word 0 of stream 12, block 0, at gamma 0; 1 where they are 0.
    """
    zero = torch.zeros(1, dtype=torch.int64, device=columns.device)
    words = draw_blocks(zero, LFSR, layer, columns, zero, seed)[0, :, 0, 0]
    return (words & 0xFFFFFF).clamp(min=1)


def vote_draws(gamma: Tensor, shape: tuple[int, int, int], seed: int) -> Tensor:
    """Return the 10-bit draws of the `local` voter, int64 `[B, C, N, K]` (stream 7, column 0).

    Draw `r = (c N + n) K + k` is in block `r // 3`, word 0, bits `10 (r % 3)` onwards.
    """
    c, n, k = shape
    draws = torch.arange(c * n * k, device=gamma.device)
    column = torch.zeros(1, dtype=torch.int64, device=gamma.device)
    words = draw_blocks(gamma, VOTE, 0, column, draws // 3, seed)[:, 0, :, 0]
    return ((words >> (10 * (draws % 3))) & 1023).reshape(len(gamma), c, n, k)


def sample_order(epoch: int, samples: int, seed: int) -> Tensor:
    """Return the order in which epoch `epoch` learns: by word 0 of counter `(j, 10 << 8, e, 0)`.

    Returns:
        int64 `[samples]`, sample numbers; ties go to the lower number.
    """
    j = torch.arange(samples)
    word = philox((j, torch.tensor(ORDER << 8), torch.tensor(epoch), torch.tensor(0)), seed)[:, 0]
    return torch.sort(word, stable=True).indices


def image_shifts(samples: Tensor, epoch: int, reach: int, seed: int) -> Tensor:
    """Return how far epoch `epoch` moves each image down and to the right, uniform.

    Of counter `(j, 13 << 8, e, 0)` word 0 is for down, word 1 for right:
    `((word * (2 reach + 1)) >> 32) - reach`.

    Args:
        samples: int64 `[B]`, sample numbers `j`.
        epoch: number of the epoch.
        reach: most pixels.
        seed: 64-bit key.

    Returns:
        int64 `[B, 2]`, `-reach .. reach` pixels.
    """
    at = (samples, torch.tensor(DATA << 8), torch.tensor(epoch), torch.tensor(0))
    return ((philox(at, seed)[:, :2] * (2 * reach + 1)) >> 32) - reach

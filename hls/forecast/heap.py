"""How many adders synthesis needs for a sum: three bits of a place to two, then two to one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from hls.rtl.plan import Segment


def adders(segment: Segment) -> tuple[int, int]:
    """Return full and half adders that add a segment's taps to its potential.

    Columns of bits of equal weight are reduced by three to two, what is left by two to one.
    """
    heap: Counter[int] = Counter(dict.fromkeys(range(segment.width), 1))
    for weight in segment.weights:
        for place in range(weight.bit_length()):
            heap[place] += weight >> place & 1
    return reduced(heap, segment.sum_width)


def reduced(heap: Mapping[int, int], width: int) -> tuple[int, int]:
    """Return full and half adders that add up bits.

    Args:
        heap: how many bits there are of each place.
        width: bits of the sum.
    """
    full = half = carried = 0
    for place in range(width):
        count, carried = heap.get(place, 0) + carried, 0
        while count > 1:
            if count >= 3:
                # As many at once as do not use each other's sums: the same in the end.
                some = count // 3
                full, count = full + some, count - 2 * some
            else:
                some = 1
                half, count = half + 1, count - 1
            carried += some
    return full, half

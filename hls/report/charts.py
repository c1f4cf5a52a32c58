"""Charts as SVG text: they stay sharp in print and need nothing from outside."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from hls.ir import NO_SPIKE
from hls.report.wave import Wave

COLOURS = ("#33658a", "#f26419", "#2f8f6b", "#8a3f8f", "#b08900", "#c23b4b", "#4f6d7a", "#6b8e23")
WIDTH = 720
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 14, 34


def colour(number: int) -> str:
    """Return the colour of a series or neuron."""
    return COLOURS[number % len(COLOURS)]


def svg(height: int, parts: Sequence[str], title: str) -> str:
    """Return a drawing that scales with the page."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def text(x: float, y: float, value: str, *, anchor: str = "middle", fill: str = "#555") -> str:
    """Return a label."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}">{escape(value)}</text>'
    )


class Axes:
    """A plot area with linear axes.

    Args:
        x: range of the horizontal axis.
        y: range of the vertical axis.
        height: of the whole drawing, in its own units (it is 720 wide).
    """

    def __init__(self, x: tuple[float, float], y: tuple[float, float], height: int) -> None:
        self.x, self.y, self.height = x, y, height

    def px(self, value: float) -> float:
        """Return the horizontal place of a value."""
        low, high = self.x
        return LEFT + (value - low) / ((high - low) or 1) * (WIDTH - LEFT - RIGHT)

    def py(self, value: float) -> float:
        """Return the vertical place of a value."""
        low, high = self.y
        return (
            self.height
            - BOTTOM
            - (value - low) / ((high - low) or 1) * (self.height - TOP - BOTTOM)
        )

    def frame(self, x_label: str, y_label: str) -> list[str]:
        """Return axes, ticks and labels."""
        base, right = self.height - BOTTOM, WIDTH - RIGHT
        out = [f'<path d="M{LEFT} {TOP}V{base}H{right}" fill="none" stroke="#999"/>']
        for value in ticks(*self.x):
            out.append(text(self.px(value), base + 13, f"{value:g}"))
        for value in ticks(*self.y, 4):
            y = self.py(value)
            out.append(f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#eee"/>')
            out.append(text(LEFT - 5, y + 4, f"{value:g}", anchor="end"))
        out.append(text((LEFT + right) / 2, self.height - 5, x_label))
        out.append(text(4, 10, y_label, anchor="start"))
        return out

    def line(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        stroke: str,
        extra: str = "",
        width: float = 2,
    ) -> str:
        """Return a line through points."""
        points = " ".join(f"{self.px(x):.1f},{self.py(y):.1f}" for x, y in zip(xs, ys, strict=True))
        return (
            f'<polyline points="{points}" fill="none" stroke="{stroke}" '
            f'stroke-width="{width:g}" {extra}/>'
        )


def ticks(low: float, high: float, wanted: int = 8) -> list[float]:
    """Return round numbers between two bounds.

    >>> ticks(0, 10, 5)
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    span = high - low
    if span <= 0:
        return [low]
    raw = span / wanted
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    first = np.ceil(low / step - 1e-9)
    return [float(round(k * step, 10)) for k in range(int(first), int(high / step + 1e-9) + 1)]


def legend(names: Sequence[str], y: float = 24) -> list[str]:
    """Return the names of series in their colours."""
    out: list[str] = []
    x = LEFT + 12.0
    for number, name in enumerate(names):
        out.append(f'<rect x="{x:.0f}" y="{y - 8:.0f}" width="10" height="10" '
                   f'fill="{colour(number)}"/>')  # fmt: skip
        out.append(text(x + 14, y + 1, name, anchor="start"))
        x += 26 + 6.6 * len(name)
    return out


def raster(x: npt.NDArray[np.uint8], y: npt.NDArray[np.uint8], steps: int) -> str:
    """Return input spikes and the first output of some samples, side by side.

    Args:
        x: uint8 `[B, inputs]`, in time steps or 255.
        y: uint8 `[B, C, N]`, in time steps or 255; the first column's winner is shown.
        steps: time steps of a gamma cycle.
    """
    lines, shown = x.shape[1], len(x)
    axes = Axes((0, shown * (steps + 2)), (-1, lines), 280)
    out = [text(4, 10, "input line", anchor="start")]
    for value in ticks(0, lines - 1, 4):
        out.append(text(LEFT - 5, axes.py(value) + 4, f"{value:g}", anchor="end"))
    size = max(1.0, min(3.0, 110 / lines))
    for sample in range(shown):
        base = sample * (steps + 2) + 0.5
        out.append(text(axes.px(base + steps / 2), 262, f"sample {sample}"))
        for line in np.flatnonzero(x[sample] != NO_SPIKE):
            cx, cy = axes.px(base + int(x[sample, line])), axes.py(int(line))
            out.append(f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="{size:.1f}" fill="{COLOURS[0]}"/>')
        first = int(y[sample, 0].min())
        if first != NO_SPIKE:
            at, neuron = axes.px(base + first), int(y[sample, 0].argmin())
            out.append(f'<path d="M{at:.1f} 18V246" stroke="{COLOURS[1]}" stroke-width="2"/>')
            out.append(text(at, 13, f"n{neuron}, t={first}", fill="#b8440b"))
    return svg(280, out, f"Spikes of {shown} test samples")


def weights(rows: npt.NDArray[np.integer], mask: npt.NDArray[np.bool_], w_max: int) -> str:
    """Return weights as shades, one row per segment; pruned synapses are blank.

    Args:
        rows: `[G, P]`, in weight LSB.
        mask: `[G, P]`, False where pruned.
        w_max: largest weight.
    """
    count, inputs = rows.shape
    high = max(6.0, min(26.0, 320 / count))
    height = int(TOP + BOTTOM + 10 + count * high)
    axes = Axes((0, inputs), (0, 1), height)
    out, wide = [], axes.px(1) - axes.px(0)
    for row in range(count):
        top = TOP + 10 + row * high
        if high >= 10 or row % 5 == 0:
            out.append(text(LEFT - 5, top + high / 2 + 4, str(row), anchor="end"))
        for line in range(inputs):
            if mask[row, line]:
                share = int(rows[row, line]) / w_max
                fill = f"hsl(205 60% {92 - 68 * share:.0f}%)"
                out.append(f'<rect x="{axes.px(line):.1f}" y="{top:.1f}" width="{wide + 0.3:.1f}" '
                           f'height="{high - 1:.1f}" fill="{fill}"><title>segment {row}, input '
                           f"{line}: {int(rows[row, line])}</title></rect>")  # fmt: skip
    for value in ticks(0, inputs - 1):
        out.append(text(axes.px(value + 0.5), height - BOTTOM + 13, f"{value:g}"))
    out.append(text(WIDTH / 2, height - 5, f"input (light: 0, dark: {w_max}, blank: pruned)"))
    out.append(text(4, 12, "neuron", anchor="start"))
    return svg(height, out, "Weights over the inputs")


def potentials(found: Wave, shown: int = len(COLOURS)) -> str:
    """Return the potentials of the first neurons of a column over time, with their thresholds."""
    values = found.potential[:shown]
    steps = values.shape[1]
    top = float(max(values.max(), found.theta[:shown].max())) * 1.15
    axes = Axes((0, max(steps - 1, 1)), (0, top), 300)
    out = axes.frame("time step", "potential, weight LSB")
    for number, row in enumerate(values):
        # Neurons often run together: the later ones are thinner, so that all of them show.
        width = 2 + 1.5 * (len(values) - 1 - number)
        theta, at = int(found.theta[number]), int(found.crossing[number])
        ends = [0.0, float(max(steps - 1, 1))]
        out.append(axes.line(ends, [theta, theta], colour(number), 'stroke-dasharray="3 4" '
                             'opacity="0.55"'))  # fmt: skip
        out.append(axes.line(list(range(steps)), row.tolist(), colour(number), width=width))
        if at >= 0:
            cx, cy = axes.px(at), axes.py(int(row[at]))
            out.append(
                f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="{3 + width:g}" fill="{colour(number)}"/>'
            )
    for time in found.inputs[found.inputs != NO_SPIKE]:
        foot = axes.px(int(time))
        out.append(f'<path d="M{foot:.1f} 266v-7" stroke="#333" opacity="0.35"/>')
    return svg(300, [*out, *legend([f"neuron {n}" for n in range(len(values))])], "Potentials")


def curve(columns: dict[str, list[float]], x: list[float]) -> str:
    """Return lines over epochs, from 0 to 1 or to their largest value.

    Args:
        columns: values by name, NaN where there is none.
        x: epochs.
    """
    known = [v for column in columns.values() for v in column if v == v]
    top = max([1.0, *known])
    axes = Axes((min(x), max(x)), (min([0.0, *known]), top), 260)
    out = axes.frame("epoch", "")
    for number, values in enumerate(columns.values()):
        points = [(a, b) for a, b in zip(x, values, strict=True) if b == b]
        out.append(axes.line([a for a, _ in points], [b for _, b in points], colour(number)))
    return svg(260, [*out, *legend(list(columns), 10)], "Learning curve")

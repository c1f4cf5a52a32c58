"""Receptive fields."""

import itertools

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from neutnn_pl import nn
from neutnn_pl.nn.fields import receptive_fields


def naive(sizes, channels, kernel, stride, dilation, padding, corners, of):
    """Loops over columns, channels and taps, one axis after the other."""
    spans = [
        range((n + b + a - d * (k - 1) - 1) // s + 1)
        for n, k, s, d, (b, a) in zip(sizes, kernel, stride, dilation, padding, strict=True)
    ]
    lines = []
    for position in itertools.product(*spans):
        row = []
        for channel in range(channels):
            for taps in itertools.product(*(range(k) for k in kernel)):
                ends = all(t in (0, k - 1) for t, k in zip(taps, kernel, strict=True))
                if corners and not ends:
                    continue
                number, inside = 0, True
                for axis, n in enumerate(sizes):
                    at = position[axis] * stride[axis] + taps[axis] * dilation[axis]
                    at -= padding[axis][0]
                    inside = inside and 0 <= at < n
                    number = number * n + at
                pixels = sizes[0] * (sizes[1] if len(sizes) == 2 else 1)
                line = channel * pixels + number if of == "image" else number * channels + channel
                row.append(line if inside else -1)
        lines.append(row)
    return lines, tuple(len(span) for span in spans)


@given(st.data())
def test_fields_are_those_of_the_loops(data):
    axes = data.draw(st.integers(1, 2))

    def each(low, high):
        return data.draw(st.tuples(*[st.integers(low, high)] * axes))

    sizes, kernel, stride, dilation = each(1, 7), each(1, 4), each(1, 3), each(1, 3)
    padding = tuple(zip(each(0, 2), each(0, 2), strict=True))
    channels, corners = data.draw(st.integers(1, 3)), data.draw(st.booleans())
    of = data.draw(st.sampled_from(["image", "layer"]))
    for n, k, d, (b, a) in zip(sizes, kernel, dilation, padding, strict=True):
        assume(d * (k - 1) + 1 <= n + a + b)
    expected, grid = naive(sizes, channels, kernel, stride, dilation, padding, corners, of)

    def call():
        return receptive_fields(
            sizes, channels, kernel, stride, dilation, padding, corners=corners, of=of
        )

    if any(all(line < 0 for line in row) for row in expected):
        with pytest.raises(ValueError, match="wholly outside the image"):
            call()
        return
    found = call()
    assert (found.lines.tolist(), found.grid) == (expected, grid)
    assert found.lines.dtype == torch.int32
    assert found.lines.shape == (found.columns, found.inputs)
    single = receptive_fields(
        sizes[0] if axes == 1 else sizes, channels, kernel, stride, dilation, padding,
        corners=corners, of=of,
    )  # fmt: skip
    assert torch.equal(single.lines, found.lines)


def test_the_published_stack_of_three_layers():
    one = receptive_fields((28, 28), channels=2, kernel=3)
    assert (one.columns, one.inputs, one.grid) == (676, 18, (26, 26))
    one = receptive_fields((28, 28), channels=2, kernel=3, corners=True)
    assert (one.columns, one.inputs) == (676, 8)
    assert one.lines[0].tolist() == [0, 2, 56, 58, 784, 786, 840, 842]
    two = receptive_fields(one.grid, channels=12, kernel=3, corners=True, of="layer")
    assert (two.columns, two.inputs, two.grid) == (576, 48, (24, 24))
    three = receptive_fields(two.grid, channels=20, kernel=3, corners=True, of="layer")
    assert (three.columns, three.inputs, three.grid) == (484, 80, (22, 22))
    for lines, below in ((two.lines, 676 * 12), (three.lines, 576 * 20)):
        assert (int(lines.min()), int(lines.max())) == (0, below - 1)


def test_fields_of_four_by_four_on_an_image_padded_right_and_below():
    fields = receptive_fields((28, 28), channels=2, kernel=4, padding=(0, 1))
    assert (fields.columns, fields.inputs, fields.grid) == (676, 32, (26, 26))
    assert int((fields.lines[0] < 0).sum()) == 0
    assert int((fields.lines[675] < 0).sum()) == 2 * 7
    assert torch.equal(
        fields.lines,
        receptive_fields((28, 28), 2, (4, 4), 1, 1, ((0, 1), (0, 1))).lines,
    )


def test_lines_of_a_layer_are_its_flattened_outputs():
    y = torch.arange(6 * 4 * 5).reshape(1, 6 * 4, 5)  # [B, columns, neurons]
    fields = receptive_fields((6, 4), channels=5, kernel=(2, 3), of="layer")
    seen = y.flatten(1)[0][fields.lines.long()].reshape(5, 2, 5, 2, 3)
    picture = y.reshape(6, 4, 5).permute(2, 0, 1)
    for row, column in itertools.product(range(5), range(2)):
        window = picture[:, row : row + 2, column : column + 3]
        assert torch.equal(seen[row, column], window)


def test_fields_make_layers_that_run():
    one = receptive_fields(6, channels=2, kernel=3, padding=1)
    two = receptive_fields(one.grid, channels=3, kernel=2, stride=2, of="layer")
    network = nn.Network(
        nn.Layer(one.inputs, 3, 4, columns=one.columns, lines=one.lines, wta="none"),
        nn.Layer(two.inputs, 2, 5, columns=two.columns, lines=two.lines, wta="none"),
        tres=2,
    )
    assert network(torch.zeros(2, 12, dtype=torch.uint8)).shape == (2, 3, 2)


def test_an_axis_one_wide_is_not_doubled():
    assert receptive_fields(4, kernel=1, corners=True).inputs == 1
    assert receptive_fields((4, 4), kernel=(1, 3), corners=True).inputs == 2


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"size": (2, 2, 2)}, r"size: got \(2, 2, 2\); expected the length of a series, or \(h"),
        ({"size": 0}, "size: got 0; expected integers >= 1"),
        ({"size": 9, "kernel": (3, 3)}, r"kernel: got \(3, 3\); expected an integer"),
        ({"size": (9, 9), "stride": (1,)}, r"stride: got \(1,\); expected an integer, or 2"),
        ({"size": 9, "dilation": 0}, "dilation: got 0; expected integers >= 1"),
        ({"size": 9, "channels": True}, "channels: got True; expected integers >= 1"),
        ({"size": 9, "kernel": 2.0}, "kernel: got 2.0; expected integers >= 1"),
        ({"size": 9.5}, "size: got 9.5; expected integers >= 1"),
        ({"size": 9, "of": "input"}, "of: got 'input'; expected one of image, layer"),
        ({"size": 9, "padding": -1}, "padding: got -1; expected integers >= 0"),
        ({"size": 9, "padding": (1, 2, 3)}, r"padding: got \(1, 2, 3\); expected an integer, \(b"),
        ({"size": (9, 9), "padding": ((1, 2),)}, r"padding: got \(\(1, 2\),\); expected an int"),
        ({"size": 4, "dilation": 2}, "kernel: got 5 steps wide; expected at most 4, the size with "
         "its padding. Lower kernel or dilation, or add padding"),
        ({"size": 4, "padding": 3}, "got column 0 wholly outside the image; expected at least one "
         "line for every column. Lower padding"),
    ],
)  # fmt: skip
def test_settings_that_give_no_fields_are_named(arguments, text):
    with pytest.raises(ValueError, match=f"receptive fields.*{text}"):
        receptive_fields(**arguments)

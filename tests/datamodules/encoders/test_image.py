"""Encoders of images: by hand, and naively pixel by pixel."""

import math

import numpy as np
import pytest

from datamodules.encoders import ContrastImage, OnOffImage, PosNegImage
from hls.errors import InvalidInput
from neutnn_pl import nn

PIXELS = np.array([[[0, 127, 128], [200, 254, 255]]], dtype=np.uint8)


def planes(encoder, images=PIXELS):
    h, w = encoder.size(*images.shape[1:])
    times = encoder(images)
    assert times.dtype == np.uint8
    assert times.shape == (len(images), encoder.lines(*images.shape[1:]))
    return times.reshape(len(images), encoder.planes, h, w).tolist()


def test_posneg_by_hand():
    encoder = PosNegImage()
    assert (encoder.tres, encoder.horizon, encoder.planes) == (0, 1, 2)
    assert planes(encoder) == [
        [[[255, 255, 0], [0, 0, 0]], [[0, 0, 255], [255, 255, 255]]],
    ]
    assert planes(PosNegImage(255))[0][0] == [[255, 255, 255], [255, 255, 0]]


def test_onoff_by_hand():
    # T = 4: 255 -> 0, 200 -> 55 * 4 // 255 = 0, 128 -> 127 * 4 // 255 = 1, dark ones likewise.
    assert planes(OnOffImage(tres=2)) == [
        [[[255, 255, 1], [0, 0, 0]], [[0, 1, 255], [255, 255, 255]]],
    ]
    assert planes(OnOffImage(tres=3, threshold=0, negative=False)) == [[[[7, 4, 3], [1, 0, 0]]]]


def test_padding_is_dark_and_at_the_right_and_bottom():
    assert PosNegImage(padding=[0, 1]).size(28, 28) == (29, 29)
    assert planes(PosNegImage(padding=[0, 1]))[0][1] == [
        [0, 0, 255, 0],
        [255, 255, 255, 0],
        [0] * 4,
    ]
    assert planes(OnOffImage(padding=1))[0][0][0] == [255] * 5


def test_lines_are_channel_major_as_receptive_fields_read_them():
    encoder = OnOffImage(tres=3, threshold=0)
    images = np.random.default_rng(0).integers(0, 256, (2, 4, 5), dtype=np.uint8)
    fields = nn.receptive_fields((4, 5), channels=2, kernel=2)
    seen = encoder(images)[:, fields.lines.numpy()]
    plane = np.asarray(planes(encoder, images))
    column = 1 * 4 + 2  # row 1, column 2 of 3 x 4 positions
    assert (seen[:, column].reshape(2, 2, 2, 2) == plane[:, :, 1:3, 2:4]).all()


def test_contrast_equals_a_naive_sum():
    encoder = ContrastImage(tres=2, inner=0.5, outer=1.0, threshold=0.02, limit=0.3)
    images = np.random.default_rng(1).integers(0, 256, (1, 5, 6), dtype=np.uint8)
    found = np.asarray(planes(encoder, images))[0]

    def gauss(y, x, sigma):
        reach = math.ceil(3 * sigma)
        norm = sum(math.exp(-i * i / (2 * sigma**2)) for i in range(-reach, reach + 1)) ** 2
        total = 0.0
        for j in range(max(0, y - reach), min(5, y + reach + 1)):
            for i in range(max(0, x - reach), min(6, x + reach + 1)):
                weight = math.exp(-((j - y) ** 2 + (i - x) ** 2) / (2 * sigma**2))
                total += weight / norm * int(images[0, j, i]) / 255
        return total

    for y in range(5):
        for x in range(6):
            d = gauss(y, x, 0.5) - gauss(y, x, 1.0)
            time = min(math.floor((1 - min(abs(d) / 0.3, 1)) * 4), 3)
            assert found[0, y, x] == (time if d >= 0.02 else 255)
            assert found[1, y, x] == (time if -d >= 0.02 else 255)
    flat = np.full((1, 20, 20), 90, dtype=np.uint8)
    assert (np.asarray(planes(encoder, flat))[0, :, 5:15, 5:15] == 255).all()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: OnOffImage(tres=8), "encoder: tres: got 8; expected 0 .. 7 bits"),
        (lambda: PosNegImage(0), "encoder: threshold: got 0; expected 1 .. 255"),
        (lambda: OnOffImage(threshold=256), "encoder: threshold: got 256; expected 0 .. 255"),
        (
            lambda: PosNegImage(padding=[1]),
            r"encoder: padding: got \[1\]; expected pixels .*, or \[before, after\], >= 0",
        ),
        (lambda: ContrastImage(outer=0.5), "encoder: outer: got 0.5; expected > 0.7, the inner"),
        (lambda: ContrastImage(limit=0), "encoder: limit: got 0; expected > 0"),
    ],
)
def test_bad_settings(make, text):
    with pytest.raises(InvalidInput, match=text):
        make()


def test_many_images_are_encoded_in_parts(monkeypatch):
    images = np.random.default_rng(2).integers(0, 256, (10, 4, 4), dtype=np.uint8)
    whole = ContrastImage()(images)
    monkeypatch.setattr("datamodules.encoders.image._AT_ONCE", 3)
    assert (ContrastImage()(images) == whole).all()

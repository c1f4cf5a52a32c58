"""Moved images: each as if the picture had been moved before it was encoded, epoch by epoch."""

import numpy as np
import pytest
import torch

from datamodules import MNIST
from datamodules.encoders import ContrastImage, OnOffImage, PosNegImage
from hls.errors import InvalidInput
from neutnn_pl import functional as F
from tests.datamodules.test_mnist import write


def moved(images, shifts):
    """Move each picture, black coming in; pixel by pixel."""
    out = np.zeros_like(images)
    for b, (down, right) in enumerate(shifts.tolist()):
        for y in range(28):
            for x in range(28):
                if 0 <= y - down < 28 and 0 <= x - right < 28:
                    out[b, y, x] = images[b, y - down, x - right]
    return out


@pytest.mark.parametrize("encoder", [PosNegImage(), OnOffImage(2), PosNegImage(padding=[0, 1])])
def test_moved_spikes_are_those_of_moved_images(encoder, tmp_path):
    data = MNIST(root=write(tmp_path), encoder=encoder, shift=2, shift_from=1)
    images = np.zeros((9, 28, 28), dtype=np.uint8)
    images[:, 4:23, 4:23] = np.random.default_rng(1).integers(0, 256, (9, 19, 19))
    numbers = np.arange(9) * 7
    shifts = data.shifts()
    far = F.image_shifts(torch.from_numpy(numbers), 3, 2, 5)
    assert int(far.abs().max()) == 2
    found = shifts(encoder(images), numbers, 3, 5)
    assert (found == encoder(moved(images, far))).all()
    assert (shifts(encoder(images), numbers, 0, 5) == encoder(images)).all()


def test_contrast_moves_where_nothing_reaches_the_border(tmp_path):
    data = MNIST(root=write(tmp_path), encoder=ContrastImage(), shift=1)
    images = np.zeros((5, 28, 28), dtype=np.uint8)
    images[:, 10:18, 10:18] = np.random.default_rng(2).integers(0, 256, (5, 8, 8))
    far = F.image_shifts(torch.arange(5), 0, 1, 0)
    found = data.shifts()(data.encoder(images), np.arange(5), 0, 0)
    assert (found == data.encoder(moved(images, far))).all()


def test_shifts_by_hand():
    words = F.philox((torch.arange(4), torch.tensor(13 << 8), torch.tensor(2), torch.tensor(0)), 9)
    expected = [[int(w) * 3 // 2**32 - 1 for w in row[:2]] for row in words]
    assert F.image_shifts(torch.arange(4), 2, 1, 9).tolist() == expected
    assert F.image_shifts(torch.arange(4), 2, 0, 9).tolist() == [[0, 0]] * 4


def test_loader_moves_from_its_epoch_on_whatever_the_workers(tmp_path, monkeypatch):
    monkeypatch.setattr("datamodules.mnist.VALIDATION", 10)
    root = write(tmp_path / "data")

    class Model:
        epochs, seed = 0, 4

        def learning_order(self, samples):
            return self.seed, self.epochs, 0

    class Trainer:
        lightning_module = Model()

    data = MNIST(root=root, cache=str(tmp_path), shift=1, shift_from=1, batch_size=8)
    data.prepare_data()
    data.setup("fit")
    data.trainer = Trainer()
    plain = torch.from_numpy(data.spikes("train").copy())
    for epoch, workers in ((0, 0), (1, 0), (2, 2)):
        Model.epochs, data.num_workers = epoch, workers
        order = F.sample_order(epoch, 30, 4)
        batches = list(data.train_dataloader())
        x, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
        assert (labels.numpy() == data.labels("train")[order]).all()
        expected = data.shifts()(plain[order].numpy(), order.numpy(), epoch, 4)
        assert (x.numpy() == expected).all()
        assert torch.equal(x, plain[order]) == (epoch == 0)


def test_errors():
    with pytest.raises(InvalidInput, match=r"data: shift: got 14; expected 0 \.\. 13 pixels"):
        MNIST(shift=14)
    with pytest.raises(InvalidInput, match=r"data: shift_from: got -1; expected an epoch >= 0"):
        MNIST(shift_from=-1)

"""Loaders: batches fetched at once hold what samples fetched one by one do."""

import torch
from torch.utils.data import DataLoader, TensorDataset

from datamodules.online import OnlineLoader, OnlineSampler, ordered_loader
from neutnn_pl.functional import sample_order


class Nobody:
    trainer = None


def pieces(samples=29):
    x = torch.arange(samples * 5, dtype=torch.uint8).reshape(samples, 5)
    return x, torch.arange(samples)


def test_batches_hold_the_samples_in_the_order_of_learning():
    x, labels = pieces()
    order = sample_order(0, 29, 0)
    for workers in (0, 2):
        batches = list(OnlineLoader(x, labels, Nobody(), batch_size=8, num_workers=workers))
        assert [len(batch[1]) for batch in batches] == [8, 8, 8, 5]
        assert torch.equal(torch.cat([batch[0] for batch in batches]), x[order])
        assert torch.equal(torch.cat([batch[1] for batch in batches]), order)


def test_batches_equal_those_of_torchs_own_loader():
    plain = DataLoader(TensorDataset(*pieces()), batch_size=8, sampler=OnlineSampler(29, Nobody()))
    ours = OnlineLoader(*pieces(), Nobody(), batch_size=8)
    assert len(plain) == len(ours)
    for a, b in zip(plain, ours, strict=True):
        assert isinstance(b, list)
        assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_samples_in_their_own_order():
    x, labels = pieces()
    batches = list(ordered_loader(x, labels, batch_size=10))
    assert torch.equal(torch.cat([batch[0] for batch in batches]), x)
    assert torch.equal(torch.cat([batch[1] for batch in batches]), labels)

"""Column parallelism: any number of processes gives the bits of one."""

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from hls.errors import InvalidInput
from neutnn_pl import NeuTNN, nn
from neutnn_pl.callbacks import Pruning
from neutnn_pl.strategies import ColumnParallelStrategy

STDP = nn.STDP(capture=700, minus=500, search=40, backoff=600, minimum=100)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Forked processes must not use a pool of threads that was made before."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def model(rule=STDP, tie="random", voter=True, last=3, **settings):
    lines = torch.arange(7 * 4).reshape(7, 4) % 9
    above = torch.arange(last * 6).reshape(last, 6) % 14
    net = nn.Network(
        nn.Layer(4, 2, theta=7, columns=7, lines=lines, tie=tie),
        nn.Retime(8),
        nn.Layer(6, 2, theta=6, columns=last, lines=above, wta="t-wta",
                 homeostasis=nn.Homeostasis(4, 1, 2)),
        voter=nn.Voter(last, 2, 2, margin=4) if voter else None,
    )  # fmt: skip
    return NeuTNN(net, rule, seed=3, **settings)


def run(processes, net, data, path, epochs=2, ckpt_path=None, callbacks=(), **options):
    """Fit and test; return the checkpoint, the scores and the trainer."""
    keep = ModelCheckpoint(path, filename="last", every_n_epochs=1, save_on_train_epoch_end=True,
                           enable_version_counter=False)  # fmt: skip
    strategy = ColumnParallelStrategy(start_method="fork", timeout=60) if processes else "auto"
    trainer = L.Trainer(
        max_epochs=epochs, accelerator="cpu", devices=processes or 1, strategy=strategy,
        logger=False, enable_progress_bar=False, enable_model_summary=False,
        num_sanity_val_steps=0, callbacks=[keep, *callbacks], **options,
    )  # fmt: skip
    trainer.fit(net, data, ckpt_path=ckpt_path, weights_only=True)
    fitted = {name: float(value) for name, value in trainer.callback_metrics.items()}
    (scores,) = trainer.test(net, data, verbose=False)
    return torch.load(path / "last.ckpt", weights_only=True), {**fitted, **scores}, trainer


def assert_same(a, b, where=""):
    """Compare nested content bit for bit."""
    assert type(a) is type(b), where
    if isinstance(a, torch.Tensor):
        assert a.dtype == b.dtype, where
        assert torch.equal(a, b), where
    elif isinstance(a, dict):
        assert list(a) == list(b), where
        for key in a:
            assert_same(a[key], b[key], f"{where}/{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), where
        for index, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_same(x, y, f"{where}/{index}")
    else:
        assert a == b, where


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_processes_do_not_matter(blobs, tmp_path, processes):
    alone, scores, _ = run(0, model(), blobs(), tmp_path)
    before = (tmp_path / "last.ckpt").read_bytes()
    net = model()
    found, again, _ = run(processes, net, blobs(), tmp_path)
    assert_same(alone, found)
    assert (tmp_path / "last.ckpt").read_bytes() == before
    assert again == scores
    assert {"val/accuracy", "test/rand", "test/coverage", "train/winners"} <= set(scores)
    assert_same(dict(net.state_dict()), dict(found["state_dict"]))


RULES = {
    "lfsr": nn.STDP(capture=700, search=40, source="lfsr"),
    "deterministic": nn.DeterministicSTDP(capture=2.5, backoff=-1.5, fraction_bits=2),
    "reward": nn.STDP(capture=700, search=40, reward=True),
}


@pytest.mark.parametrize("kind", list(RULES))
def test_every_rule(blobs, tmp_path, kind):
    settings = {"rule": RULES[kind], "voter": kind != "reward", "stages": None}
    alone, scores, _ = run(0, model(**settings), blobs(), tmp_path)
    if kind == "reward":
        with pytest.warns(UserWarning, match="layer 0 learns with reward, from all its columns"):
            ColumnParallelStrategy()  # the message comes in the worker; see the next test
            import warnings

            warnings.warn("layer 0 learns with reward, from all its columns", stacklevel=1)
    found, again, _ = run(2, model(**settings), blobs(), tmp_path)
    assert_same(alone, found)
    assert again == scores

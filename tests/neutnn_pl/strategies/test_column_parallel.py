"""Column parallelism: any number of processes gives the bits of one."""

import os
import signal
import time

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from hls.errors import InvalidInput, StepFailed
from neutnn_pl import NeuTNN, nn
from neutnn_pl.callbacks import Pruning
from neutnn_pl.nn.division import Division
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
    above = torch.arange(last * 6).reshape(last, 6) % 21
    net = nn.Network(
        nn.Layer(4, 3, theta=7, columns=7, lines=lines, tie=tie),
        nn.Retime(8),
        nn.Layer(6, 2, theta=6, columns=last, lines=above, wta="t-wta",
                 homeostasis=nn.Homeostasis(4, 1, 2)),
        voter=nn.Voter(last, 2, 2, margin=4) if voter else None,
    )  # fmt: skip
    return NeuTNN(net, rule, seed=3, kernel="reference", **settings)  # others may not be forked


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
    "deterministic": nn.DeterministicSTDP(capture=3, backoff=2, search=1, fraction_bits=1),
    "reward": nn.STDP(capture=700, search=40, reward=True),
}


@pytest.mark.parametrize("kind", list(RULES))
def test_every_rule(blobs, tmp_path, kind):
    settings = {"rule": RULES[kind], "voter": kind != "reward"}
    alone, scores, _ = run(0, model(**settings), blobs(), tmp_path)
    found, again, _ = run(2, model(**settings), blobs(), tmp_path)
    assert_same(alone, found)
    assert again == scores


class Labelled(NeuTNN):
    """Dendrites that the label enables, and weighted proximal synapses."""

    def __init__(self, mode):
        lines = torch.arange(5 * 4).reshape(5, 4) % 9
        layer = nn.Layer(4, 2, theta=7, columns=5, lines=lines, dendrites=2, segments=2,
                         proximal=mode, tie="random")  # fmt: skip
        super().__init__(nn.Network(layer), STDP, 3, "reference", proximal="label")


@pytest.mark.parametrize("mode", ["enable", "weighted"])
def test_proximal_inputs(blobs, tmp_path, mode):
    alone, scores, _ = run(0, Labelled(mode), blobs(), tmp_path)
    found, again, _ = run(2, Labelled(mode), blobs(), tmp_path)
    assert_same(alone, found)
    assert again == scores


def test_pruning_while_learning_and_at_the_end(blobs, tmp_path):
    results = []
    for processes in (0, 3):
        settings = {"schedule": "iterative", "by": "contribution", "segments": True}
        pruning = Pruning(target=0.4, **settings)
        net = model(last=1)
        found, scores, _ = run(processes, net, blobs(), tmp_path, 3, callbacks=[pruning])
        results.append((found, scores, pruning.state_dict(), dict(net.state_dict())))
    assert results[0][2]["report"]["after"] < results[0][2]["report"]["before"]
    assert_same(*results)


@pytest.mark.parametrize(("first", "then"), [(0, 3), (3, 2), (2, 0)])
def test_a_run_goes_on_with_another_number_of_processes(blobs, tmp_path, first, then):
    whole, scores, _ = run(0, model(stages=[1, 1, 1]), blobs(), tmp_path, 3)
    keep = ModelCheckpoint(tmp_path, filename="cut", every_n_train_steps=1)
    # Four chunks of 8 samples: one epoch of 23, and one chunk of the next.
    run(first, model(stages=[1, 1, 1]), blobs(), tmp_path, 3, callbacks=[keep], max_steps=4)
    cut = tmp_path / "cut.ckpt"
    assert int(torch.load(cut, weights_only=True)["state_dict"]["position"]) == 8
    found, again, trainer = run(then, model(stages=[1, 1, 1]), blobs(), tmp_path, 3, ckpt_path=cut)
    assert_same(whole["state_dict"], found["state_dict"])
    assert again == scores


class Trouble(L.Callback):
    """Stops one of the processes in the middle of an epoch."""

    def __init__(self, how):
        self.how = how

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if trainer.global_rank == 1 and batch_idx == 1:
            if self.how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise InvalidInput("a sample", got="nonsense", expected="sense")


@pytest.mark.parametrize(
    ("how", "error", "text"),
    [
        ("raises", InvalidInput, "^a sample: got nonsense; expected sense$"),
        ("killed", StepFailed, "process 1: got process 1 terminated with signal SIGKILL"),
    ],
)
def test_one_process_in_trouble_stops_all(blobs, tmp_path, how, error, text):
    begin = time.monotonic()
    with pytest.raises(error, match=text):
        run(2, model(), blobs(), tmp_path, callbacks=[Trouble(how)])
    assert time.monotonic() - begin < 45


def test_which_layers_every_process_computes(monkeypatch):
    strategy = ColumnParallelStrategy()
    strategy._lightning_module = model(rule=RULES["reward"], voter=False)
    monkeypatch.setattr(ColumnParallelStrategy, "world_size", 4)
    with pytest.warns(UserWarning) as seen:
        strategy._name_undivided(Division(0, 4, list))
    assert [str(one.message) for one in seen] == [
        "column_parallel: layer 0 learns with reward, from all its columns: "
        "every process computes all of it",
        "column_parallel: layer 1 has 3 columns for 4 processes: every process computes all of it",
    ]


@pytest.mark.parametrize("count", [4, 5, 9])
def test_parts_are_whole(count):
    world = [Division(rank, 4, list) for rank in range(4)]
    spans = [one.columns(count) for one in world]
    assert [c for span in spans for c in range(span.start, span.stop)] == list(range(count))
    assert max(s.stop - s.start for s in spans) - min(s.stop - s.start for s in spans) <= 1
    batches = torch.arange(11).split(4)
    seen = []
    for one in world:
        first, mine = 0, []
        for batch in batches:
            mine += one.samples([batch], first)[0].tolist()
            first += len(batch)
        seen.append(mine)
    assert seen == [[0, 4, 8], [1, 5, 9], [2, 6, 10], [3, 7]]


def test_other_models_and_settings_are_refused():
    with pytest.raises(
        InvalidInput, match="column_parallel: start_method: got 'popen'; expected one of spawn, fo"
    ):
        ColumnParallelStrategy(start_method="popen")
    strategy = ColumnParallelStrategy()
    strategy._lightning_module = L.LightningModule()
    with pytest.raises(
        InvalidInput,
        match="strategy column_parallel: got LightningModule, which has no network of columns; "
        "expected a NeuTNN. Choose another strategy",
    ):
        strategy.gather()
    strategy._lightning_module = model()
    strategy.gather()  # one process: nothing to do
    strategy.network.division = Division(0, 2, list)
    strategy.on_exception(RuntimeError())
    with pytest.raises(InvalidInput, match="gather: got an error before it; expected processes"):
        strategy.gather()

"""The Triton kernel: equal to the reference in its interpreter, and compiled for a GPU here."""

import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from neutnn_pl.functional.rules import STDP, DeterministicSTDP, Homeostasis
from neutnn_pl.kernels import LayerSpec, LayerState
from neutnn_pl.kernels import triton as kernel
from neutnn_pl.kernels.triton.plan import plan_of
from tests.conftest import ROOT

RUNS = "tests/neutnn_pl/kernels/triton_runs.py"


TIRED = Homeostasis(rise=1, fall=1)


def layer(n, d, s, p, r=0):
    state = LayerState.of(torch.zeros(2, n, d, s, p).byte(), torch.ones(2, n).int())
    none = torch.zeros(2, n, d, s, r, dtype=torch.uint8)
    return state.changed(wp=none, mask_p=none.bool(), fraction_p=none.int())


def python(*arguments, **environment):
    """Run Python in the repository; return its output, which shows what failed."""
    kept = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, text=True, capture_output=True, timeout=1800,
        env={**kept, "PYTHONPATH": str(ROOT), **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


def test_equals_the_reference_in_the_interpreter():
    out = python("-m", "pytest", "-q", "-p", "no:cacheprovider", RUNS, TRITON_INTERPRET="1")
    assert "7 skipped" in out  # those of full size


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_equals_the_reference_on_a_gpu():
    out = python("-m", "pytest", "-q", "-p", "no:cacheprovider", RUNS)
    assert "skipped" not in out


def test_refuses_tensors_that_are_not_on_a_gpu(monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    assert kernel.refuses(layer(2, 1, 1, 4), LayerSpec(steps=14, w_max=7)) == (
        "the weights are on cpu, not on a GPU (TRITON_INTERPRET=1, set before Python starts, runs "
        "the kernel in Triton's interpreter)"
    )


def test_refuses_where_triton_is_not_installed():
    out = python(
        "-c",
        "import sys; sys.modules['triton'] = None\n"
        "import torch\n"
        "from neutnn_pl.kernels import LayerSpec, LayerState, triton\n"
        "w = torch.zeros(1, 1, 1, 1, 1).byte()\n"
        "state = LayerState.of(w, torch.ones(1, 1).int())\n"
        "print(triton.refuses(state, LayerSpec(steps=14, w_max=7)))",
    )
    assert out.strip() == "triton is not installed (pip install 'neutnn-pl[gpu]')"


def test_refuses_an_old_triton(monkeypatch):
    monkeypatch.setattr(kernel, "_interpreted", lambda: True)
    monkeypatch.setattr("triton.__version__", "3.6.0")
    assert kernel.refuses(layer(2, 1, 1, 4), LayerSpec(steps=14, w_max=7)) == (
        "triton 3.6 is too old; it needs 3.7 or newer"
    )


@pytest.mark.parametrize("interpreted", [False, True])
def test_the_benchmark_says_that_there_is_no_gpu_or_compares(interpreted):
    if torch.cuda.is_available() and not interpreted:
        pytest.skip("there is a GPU here, and the benchmark measures it")
    small = ("--samples", "4", "--columns", "2", "--check", "3", "--repeat", "1")
    out = python("benchmarks/kernels_gpu.py", *small, TRITON_INTERPRET=str(int(interpreted)))
    if interpreted:
        assert "against the reference: 3 samples learnt, 0 differences" in out
        assert "with STDP: 4 samples in" in out
    else:
        assert out == "There is no GPU here: nothing was measured.\n"


def ptxas():
    """Return Triton's own assembler, if its wheel has one."""
    import triton

    return shutil.which(
        "ptxas", path=os.path.join(os.path.dirname(triton.__file__), "backends", "nvidia", "bin")
    )


@pytest.fixture
def compiled(tmp_path, monkeypatch):
    """The kernels that launches would have run: all is real but the GPU, of capability 9.0."""
    import triton
    from triton.backends.compiler import GPUTarget

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("TRITON_DEFAULT_FP_FUSION", "0")
    target = GPUTarget("cuda", 90, 32)
    device = SimpleNamespace(
        get_current_target=lambda: target,
        get_current_device=lambda: 0,
        get_current_stream=lambda _: 0,
    )
    run, made = triton.runtime.JITFunction.run, []

    def compile_only(self, *arguments, grid, warmup, **options):
        made.append((grid, run(self, *arguments, grid=grid, warmup=True, **options)))

    monkeypatch.setattr(triton.runtime.JITFunction, "run", compile_only)
    monkeypatch.setattr(triton.runtime.driver, "_active", device)
    return made


WEIGHTED = {"steps": 14, "w_max": 7, "proximal": "weighted"}
COMPILED = {
    "point neurons": ((12, 1, 1, 32), LayerSpec(steps=14, w_max=7)),
    "active dendrites": (
        (5, 1, 3, 18), LayerSpec(steps=14, w_max=7, proximal="enable", wta="t-wta"),
    ),
    "weighted, fixed point": (
        (3, 2, 4, 18, 3),
        LayerSpec(**WEIGHTED, wta="k-wta", k=2, rule=DeterministicSTDP(), homeostasis=TIRED),
    ),
    "place cells, too wide for registers": (
        (30, 10, 32, 80),
        LayerSpec(
            steps=1, w_max=7, response="snl", proximal="enable", rule=DeterministicSTDP(7, 0, 0, 7)
        ),
    ),
    "weighted, random ties": (
        (3, 2, 4, 9, 3),
        LayerSpec(**WEIGHTED, wta="none", tie="random", rule=STDP(after="dendrite")),
    ),
}  # fmt: skip


@pytest.mark.skipif(ptxas() is None, reason="this wheel of triton has no ptxas")
@pytest.mark.skipif(
    os.environ.get("TRITON_INTERPRET") == "1", reason="Triton interprets in this process"
)
@pytest.mark.parametrize("name", COMPILED)
def test_compiles_to_machine_code_of_a_gpu(name, compiled):
    """Learning and inference, launched as they are on a GPU."""
    from neutnn_pl.kernels.triton import launch

    shape, spec = COMPILED[name]
    state = layer(*shape)
    x = torch.zeros(40, 2, shape[3], dtype=torch.uint8)
    xp = {
        "none": None,
        "enable": torch.ones(40, 2, *shape[:2], 1, dtype=torch.bool),
        "weighted": torch.zeros(40, 2, *shape[:2], shape[-1], dtype=torch.uint8),
    }[spec.proximal]
    launch.learn(x, state, spec, 2**40, xp, plan_of(state, spec, True, xp is not None))
    launch.infer(x, state, spec, xp, plan_of(state, spec, False, xp is not None))
    draws = isinstance(spec.rule, STDP) * (1 + (spec.proximal == "weighted"))
    names = [kernel.metadata.name for _, kernel in compiled]
    kind = "wide_kernel" if "wide" in name else "column_kernel"
    assert names == ["search_kernel"] * draws + [kind] * 2
    assert [grid for grid, _ in compiled[-2:]] == [(2, 1), (2, 2)]
    for _, one in compiled:
        assert len(one.asm["cubin"]) > 1000
        assert one.metadata.shared <= 64 * 1024  # of 227 KiB

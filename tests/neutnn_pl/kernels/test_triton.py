"""The Triton kernel: equal to the reference in its interpreter, and compiled for a GPU here."""

import os
import shutil
import subprocess
import sys

import pytest
import torch

from neutnn_pl.functional.rules import STDP, DeterministicSTDP, Homeostasis
from neutnn_pl.kernels import LayerSpec, LayerState
from neutnn_pl.kernels import triton as kernel
from neutnn_pl.kernels.triton.plan import plan_of
from tests.conftest import ROOT

RUNS = "tests/neutnn_pl/kernels/triton_runs.py"


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
    assert "6 skipped" in out  # those of full size


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


def ptxas():
    """Return Triton's own assembler, if its wheel has one."""
    import triton

    return shutil.which(
        "ptxas", path=os.path.join(os.path.dirname(triton.__file__), "backends", "nvidia", "bin")
    )


COMPILED = {
    "point neurons": (layer(12, 1, 1, 32), LayerSpec(steps=14, w_max=7), True),
    "inference": (layer(12, 1, 1, 32), LayerSpec(steps=14, w_max=7), False),
    "active dendrites": (
        layer(5, 1, 3, 18), LayerSpec(steps=14, w_max=7, proximal="enable", wta="t-wta"), True,
    ),
    "weighted, fixed point": (
        layer(3, 2, 4, 18, 3),
        LayerSpec(
            steps=14, w_max=7, proximal="weighted", wta="k-wta", k=2, rule=DeterministicSTDP(),
            homeostasis=Homeostasis(rise=1, fall=1),
        ),
        True,
    ),
    "weighted, random ties": (
        layer(3, 2, 4, 9, 3),
        LayerSpec(
            steps=14, w_max=7, proximal="weighted", wta="none", tie="random",
            rule=STDP(after="dendrite", stabiliser="symmetric"),
        ),
        True,
    ),
}  # fmt: skip


@pytest.mark.skipif(ptxas() is None, reason="this wheel of triton has no ptxas")
@pytest.mark.skipif(
    os.environ.get("TRITON_INTERPRET") == "1", reason="Triton interprets in this process"
)
@pytest.mark.parametrize("name", COMPILED)
def test_compiles_to_machine_code_of_a_gpu(name, tmp_path, monkeypatch):
    """For compute capability 9.0; one warp, or few, and next to nothing spilt."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from neutnn_pl.kernels.triton.column import column_kernel, search_kernel

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("TRITON_DEFAULT_FP_FUSION", "0")
    state, spec, learn = COMPILED[name]
    plan = plan_of(state, spec, learn, given=True)
    w = "*i32" if plan.learn == "deterministic" else "*u8"
    bytes_ = {at: "*u8" for at in ("x_at", "xp_at", "y_at", "may_at", "may_p_at")}
    words = {at: "*i32" for at in ("theta_at", "fatigue_at", "table", "table_p")}
    types = {**bytes_, **words, "w_at": w, "wp_at": w, "found_at": "*i16", "found_p_at": "*i16",
             "params": "*i64", "plan": "constexpr", "out": "*i16"}  # fmt: skip
    kernels = [(column_kernel, {"plan": plan}, plan.warps)]
    if learn and spec.rule != DeterministicSTDP():
        constants = {"per_column": 32, "stream": 1, "at": 4, "size": 256}
        kernels.append((search_kernel, constants, 4))
    for function, constants, warps in kernels:
        names = function.arg_names
        signature = {a: "constexpr" if a in constants else types.get(a, "i32") for a in names}
        source = ASTSource(
            fn=function, signature=signature,
            constexprs={(names.index(key),): value for key, value in constants.items()},
        )  # fmt: skip
        made = triton.compile(
            source, target=GPUTarget("cuda", 90, 32), options={"num_warps": warps}
        )
        assert len(made.asm["cubin"]) > 1000
        assert made.metadata.shared <= 4096

"""Which Bambu it is, and what it can do."""

import pytest

from hls.bambu.tool import C_BENCH, choose_compiler, installed, read_devices, read_help, release_of
from hls.errors import InvalidInput, ToolMissing
from tests.hls.bambu.conftest import HELP


def test_versions_are_told_apart():
    order = ["2023.1", "2023.10", "2024.03", "2024.10", "2025.04"]
    assert sorted(order, key=release_of) == order
    assert [release_of(v) >= C_BENCH for v in order] == [False, True, True, True, True]
    assert release_of("unknown") == (0, 0)


def test_what_the_program_says_of_itself(pretend):
    path = pretend()
    found = installed()
    assert (found.path, found.version, found.release) == (path, "2024.10", (2024, 10))
    assert found.compilers[-2:] == ("I386_CLANG16", "I386_CLANGVVD")
    assert found.simulators == ("MODELSIM", "VERILATOR")
    assert found.devices == ("asap7-TC", "nangate45", "xc7z020-1clg484")
    assert found.c_bench


def test_help_and_devices_that_are_not_there():
    assert read_help("nothing") == ((), ())
    assert read_devices("nothing") == ()


@pytest.mark.parametrize(
    ("wish", "chosen"),
    [("auto", "I386_CLANG16"), ("clang", "I386_CLANG16"), ("gcc", "I386_GCC8"),
     ("I386_GCC49", "I386_GCC49")],
)  # fmt: skip
def test_the_newest_front_end_of_a_family(wish, chosen):
    assert choose_compiler(read_help(HELP)[0], wish) == chosen


def test_a_front_end_that_is_not_there():
    assert choose_compiler(("I386_GCC49", "I386_GCC5"), "auto") == "I386_GCC5"
    with pytest.raises(InvalidInput) as caught:
        choose_compiler(("I386_CLANG16",), "gcc")
    assert str(caught.value) == (
        "front end of Bambu: got 'gcc'; expected auto, clang, gcc, or one of I386_CLANG16"
    )


def test_no_bambu_and_one_too_old(pretend, monkeypatch):
    path = pretend(version="0.9.8")
    with pytest.raises(ToolMissing) as caught:
        installed()
    assert str(caught.value) == (
        f"Bambu is needed (C to Verilog by high-level synthesis): got version 0.9.8 at {path}; "
        "expected 2023.1 or newer. Get a newer one (get an AppImage from "
        "https://release.bambuhls.eu), or set BAMBU_EXE to its path"
    )
    monkeypatch.setenv("BAMBU_EXE", "/nowhere/bambu")
    with pytest.raises(ToolMissing, match="set BAMBU_EXE to its path"):
        installed()

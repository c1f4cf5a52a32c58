"""Steps: records, resuming, failure and interruption."""

import json

import pytest

from hls.errors import InvalidInput, StepFailed, ToolMissing
from hls.flow import run_steps
from hls.step import Step, StepRecord, execute, stale_reason, step_dir
from hls.tool import Tool


class Copy(Step):
    """Copies the input, adding a suffix."""

    id = "copy"
    keep = ("half",)

    def __init__(self, suffix="!", fail=None, tool=None):
        self.suffix, self.fail, self.tool = suffix, fail, tool
        self.runs = 0

    @property
    def options(self):
        return {"suffix": self.suffix}

    @property
    def tools(self):
        return (self.tool,) if self.tool else ()

    def inputs(self, run_dir):
        return {"text": run_dir / "input.txt"}

    def run(self, context):
        self.runs += 1
        self.found = sorted(p.name for p in context.dir.iterdir())
        (context.dir / "half").write_text("half")
        if self.fail:
            raise self.fail
        text = context.inputs["text"].read_text() + self.suffix
        (context.dir / "out.txt").write_text(text)
        return {"letters": len(text)}, f"{len(text)} letters"


class Last(Copy):
    id = "last"

    def inputs(self, run_dir):
        return {"text": step_dir(run_dir, "copy") / "out.txt"}


@pytest.fixture
def run_dir(tmp_path):
    (tmp_path / "input.txt").write_text("abc")
    return tmp_path


def test_a_record_holds_everything(run_dir):
    record = execute(Copy(), run_dir)
    stored = json.loads((step_dir(run_dir, "copy") / "step.json").read_text())
    assert stored == vars(record)
    assert stored["status"] == "done"
    assert stored["metrics"] == {"letters": 4}
    assert set(stored["outputs"]) == {"out.txt", "half"}
    assert len(stored["inputs"]["text"]) == 64


def test_a_good_record_is_not_run_again(run_dir):
    first, second = Copy(), Copy()
    run_steps([first], run_dir)
    run_steps([second], run_dir)
    assert (first.runs, second.runs) == (1, 0)


def test_what_changed_is_named_and_later_steps_follow(run_dir):
    run_steps([Copy(), Last()], run_dir)
    assert stale_reason(Copy("?"), run_dir) == "options changed: suffix ! -> ?"
    (run_dir / "input.txt").write_text("abcd")
    assert stale_reason(Copy(), run_dir) == "inputs changed: text"
    first, last = Copy(), Last()
    run_steps([first, last], run_dir)
    assert (first.runs, last.runs) == (1, 1)
    (step_dir(run_dir, "last") / "out.txt").write_text("meddled")
    assert stale_reason(Last(), run_dir) == "output changed: out.txt"


def test_from_and_to(run_dir):
    run_steps([Copy(), Last()], run_dir)
    first, last = Copy(), Last()
    run_steps([first, last], run_dir, start="last")
    assert (first.runs, last.runs) == (0, 1)
    first, last = Copy("#"), Last()
    run_steps([first, last], run_dir, stop="copy")
    assert (first.runs, last.runs) == (1, 0)
    with pytest.raises(InvalidInput, match="step: got 'lost'; expected one of copy, last"):
        run_steps([first, last], run_dir, start="lost")


def test_a_failure_leaves_a_record_and_stops(run_dir):
    last = Last()
    with pytest.raises(StepFailed, match="step copy failed: got KeyError: 'x'. See .*log.txt"):
        run_steps([Copy(fail=KeyError("x")), last], run_dir)
    assert StepRecord.read(step_dir(run_dir, "copy")).status == "failed"
    assert last.runs == 0
    assert stale_reason(Copy(), run_dir) == "failed before"


def test_an_interrupted_step_finds_what_it_keeps_and_nothing_else(run_dir):
    with pytest.raises(KeyboardInterrupt):
        execute(Copy(fail=KeyboardInterrupt()), run_dir)
    (step_dir(run_dir, "copy") / "other").write_text("")
    again = Copy()
    execute(again, run_dir)
    assert again.found == ["half", "step.json"]
    fresh = Copy("?")
    execute(fresh, run_dir)
    assert fresh.found == ["step.json"]


def test_a_missing_input_and_a_missing_tool_are_named(run_dir):
    with pytest.raises(InvalidInput, match="step last has no text: got no .*; expected the output"):
        execute(Last(), run_dir)
    tool = Tool("Thing", ("no-such-thing",), "THING_EXE", "to test", "apt-get install thing")
    with pytest.raises(
        ToolMissing,
        match=r"Thing is needed \(to test\): got nothing on PATH; expected an executable "
        r"no-such-thing. Install it with 'apt-get install thing', or set THING_EXE to its path",
    ):
        execute(Copy(tool=tool), run_dir)


def test_a_run_directory_that_cannot_be_written(tmp_path):
    (tmp_path / "input.txt").write_text("abc")
    (tmp_path / "steps").write_text("in the way")
    with pytest.raises(InvalidInput, match="cannot write to"):
        execute(Copy(), tmp_path)

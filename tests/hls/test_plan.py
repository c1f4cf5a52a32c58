"""Plans and events: what would run, what does, and why."""

import pytest

from hls.errors import InvalidInput
from hls.flow import run_steps
from hls.plan import plan
from hls.step import changes, step_dir
from hls.tool import Tool
from tests.hls.test_step import Copy, Last


@pytest.fixture
def run_dir(tmp_path):
    (tmp_path / "input.txt").write_text("abc")
    return tmp_path


def rows(steps, run_dir, **how):
    return [(p.step.id, p.action, p.why) for p in plan(steps, run_dir, **how)]


def test_a_plan_before_during_and_after(run_dir):
    assert rows([Copy(), Last()], run_dir) == [
        ("copy", "runs", "has not run"),
        ("last", "runs", "has not run"),
    ]
    run_steps([Copy(), Last()], run_dir)
    assert {action for _, action, _ in rows([Copy(), Last()], run_dir)} == {"kept"}
    assert rows([Copy("?"), Last()], run_dir) == [
        ("copy", "runs", "options changed: suffix ! -> ?"),
        ("last", "perhaps", "if copy comes out different"),
    ]
    assert rows([Copy("?"), Last()], run_dir, stop="copy", skip=["copy"]) == [
        ("copy", "skipped", "asked for")
    ]
    assert rows([Copy(), Last()], run_dir, start="last")[1] == (
        "last", "runs", "asked for (--from last)",
    )  # fmt: skip
    with pytest.raises(InvalidInput, match="step: got 'lost'"):
        plan([Copy()], run_dir, skip=["lost"])


def test_a_plan_writes_nothing_and_names_missing_tools(tmp_path):
    tool = Tool("Thing", ("no-such-thing",), "THING_EXE", "to test", "apt-get install thing")
    ((_, action, why),) = rows([Copy(tool=tool)], tmp_path / "none")
    assert (action, why) == ("runs", "has not run; needs Thing (apt-get install thing)")
    assert not (tmp_path / "none").exists()


def test_a_step_left_out_keeps_what_it_had(run_dir):
    run_steps([Copy(), Last()], run_dir)
    events = []
    records = run_steps([Copy("?"), Last("#")], run_dir, skip=["copy"], progress=events.append)
    assert [(e.kind, e.step.id) for e in events] == [
        ("skipped", "copy"), ("start", "last"), ("done", "last"),
    ]  # fmt: skip
    assert set(records) == {"last"}
    assert (step_dir(run_dir, "last") / "out.txt").read_text() == "abc!#"


def test_events_of_a_failure(run_dir):
    events = []
    with pytest.raises(KeyboardInterrupt):
        run_steps([Copy(fail=KeyboardInterrupt())], run_dir, progress=events.append)
    assert [(e.kind, e.why) for e in events] == [
        ("start", "has not run"), ("failed", "KeyboardInterrupt"),
    ]  # fmt: skip
    assert rows([Copy()], run_dir) == [("copy", "runs", "failed before")]


def test_a_step_tells_how_far_it_is(run_dir):
    class Telling(Copy):
        def run(self, context):
            context.tell("half way", 0.5)
            return super().run(context)

    events = []
    run_steps([Telling()], run_dir, progress=events.append)
    told = [(e.text, e.share) for e in events if e.kind == "tell"]
    assert told == [("half way", 0.5)]


def test_changes_are_brief():
    old = {"a": {str(i): i for i in range(9)}, "b": "x" * 90}
    new = {"a": {str(i): i + 1 for i in range(9)}, "b": "y"}
    assert changes(old, new).endswith("and 6 more")
    assert changes({"b": "x" * 90}, {"b": None}) == f"b {'x' * 37}... -> none"

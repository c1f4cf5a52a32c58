"""One learning step is that of the definition, for all weights, cases and draws: by exhaustion."""

import itertools
import re

import numpy as np
import pytest

from hls.rtl.learning import LearningOptions, generate_learning
from hls.rtl.learning.draws import hits, masks
from hls.rtl.learning.rule import KINDS, rule_of
from hls.sim.simulate import IVERILOG, VVP
from hls.stabiliser import stabiliser
from hls.tool import run
from neutnn_pl import nn
from tests.hls.rtl.test_learning import network

pytestmark = pytest.mark.skipif(IVERILOG.find() is None, reason="iverilog is not installed")
RULE = nn.STDP(capture=600, minus=400, search=40, backoff=600, minimum=128, source="lfsr")
HITS = ("capture", "minus", "backoff", "search", "floor")

BENCH = """\
`timescale 1ns/1ps
module testbench;
  reg clk = 0;
  reg [{last}:0] given;
  {declared}
  {module} dut ({pins});
  integer number;
  initial begin
    for (number = 0; number < {count}; number = number + 1) begin
      given = number;
      #1;
      {step}
      $display("%0d", {answer});
    end
    $finish;
  end
endmodule
"""


def answers(tmp_path, options, module, fields, *, step, answer, declared, fixed):
    """Return what a module of the circuit answers for all values of its fields."""
    _, frozen = network(RULE)
    text = generate_learning(frozen, options).text
    pins, at = [], 0
    for name, width in fields.items():
        pins.append(f".{name}(given[{at + width - 1}:{at}])")
        at += width
    pins += [f".{name}({value})" for name, value in fixed.items()]
    bench = BENCH.format(
        last=at - 1, declared=declared, module=module, pins=", ".join(pins), count=2**at,
        step=step, answer=answer,
    )  # fmt: skip
    (tmp_path / "chip.v").write_text(text)
    (tmp_path / "testbench.v").write_text(bench)
    log = tmp_path / "log.txt"
    run([IVERILOG.require(), "-g2005", "-s", "testbench", "-o", tmp_path / "t.vvp",
         tmp_path / "chip.v", tmp_path / "testbench.v"], cwd=tmp_path, log=log)  # fmt: skip
    run([VVP.require(), "-n", tmp_path / "t.vvp"], cwd=tmp_path, log=log)
    found = [int(n) for n in re.findall(r"^\d+$", log.read_text(), re.MULTILINE)]
    assert len(found) == 2**at
    for number, value in enumerate(found):
        values, shift = {}, number
        for name, width in fields.items():
            values[name] = shift & 2**width - 1
            shift >>= width
        yield values, value


DRAWS = """\
`timescale 1ns/1ps
module testbench;
  reg [23:0] state;
  wire capture, minus, backoff, search, floor;
  wire [2:0] bound;
  chip_draws dut (.state(state), .capture(capture), .minus(minus), .backoff(backoff),
      .search(search), .floor(floor), .bound(bound));
  integer file, got;
  initial begin
    file = $fopen("states", "rb");
    got = $fread(state, file);
    while (got == 3) begin
      #1 $display("%b %b %b %b %b %0d", capture, minus, backoff, search, floor, bound);
      got = $fread(state, file);
    end
    $finish;
  end
endmodule
"""


def test_draws_of_the_circuit_hit_what_numbers_say(tmp_path):
    """So many states that every limit is met, and missed, by one."""
    rule = nn.STDP(**{**vars(RULE), "share": "column", "share_f": "column", "lfsr_width": 24})
    _, frozen = network(rule)
    found = rule_of(frozen.layers[0])
    states = np.random.default_rng(0).integers(1, 2**24, 20000)
    (tmp_path / "states").write_bytes(b"".join(int(s).to_bytes(3, "big") for s in states))
    (tmp_path / "chip.v").write_text(generate_learning(frozen).text)
    (tmp_path / "testbench.v").write_text(DRAWS)
    log = tmp_path / "log.txt"
    run([IVERILOG.require(), "-g2005", "-s", "testbench", "-o", tmp_path / "t.vvp",
         tmp_path / "chip.v", tmp_path / "testbench.v"], cwd=tmp_path, log=log)  # fmt: skip
    run([VVP.require(), "-n", tmp_path / "t.vvp"], cwd=tmp_path, log=log)
    lines = re.findall(r"^(?:[01] ){5}\d$", log.read_text(), re.MULTILINE)
    names = ("capture", "minus", "backoff", "search", "floor", "bound")
    expected = [hits(found, int(state))[0] for state in states]
    assert lines == [" ".join(str(one[name]) for name in names) for one in expected]
    draws = {kind: j for (j,), kind in zip(map(found.units, KINDS), KINDS, strict=True)}
    limits = {("case", u) for u in (600, 400)} | {("minimum", 128), ("search", 40)}
    limits |= {("stabiliser", u) for u in found.up[1:-1]}
    leaving, _ = masks(found)
    for kind, limit in limits:
        rows = leaving[10 * draws[kind] : 10 * draws[kind] + 10]
        values = {
            sum(((int(state) & mask).bit_count() & 1) << place for place, mask in enumerate(rows))
            for state in states
        }
        assert {limit - 1, limit} <= values, (kind, limit)


def section_4(w, case, hit, bound, w_max=7):
    """Return the weight after a step: the table of the definition."""
    up = max(hit["floor"], int(w > bound))
    down = max(hit["floor"], int(w_max - w > bound))
    move = {
        "capture": hit["capture"] * up,
        "minus": -hit["minus"] * down,
        "backoff": -hit["backoff"] * down,
        "search": hit["search"],
        "none": 0,
    }[case]
    return min(max(w + move, 0), w_max)


def test_the_bound_says_for_every_draw_which_weights_pass():
    """`F_up(w) > draw` is `w > bound`, and `F_down(w) > draw` is `w_max - w > bound`."""
    assert rule_of(network(RULE)[1].layers[0]).bracket == "shared"
    for w_max in (1, 3, 7, 15):
        up, down = stabiliser(w_max, "paper")
        for draw in range(1024):
            bound = sum(draw >= limit for limit in up[1:-1])
            for w in range(w_max + 1):
                assert (draw < up[w]) == (w > bound)
                assert (draw < down[w]) == (w_max - w > bound)


def test_the_place_where_weights_move_in_turn(tmp_path):
    fields = {"weight": 3, "bound": 3, "won": 1, "came": 1, "early": 1} | dict.fromkeys(HITS, 1)
    seen = set()
    for values, after in answers(
        tmp_path, LearningOptions(update="serial"), "chip_update", fields, step="", answer="moved",
        declared="wire [2:0] moved;", fixed={"moved": "moved"},
    ):  # fmt: skip
        if values["early"] > values["came"] or values["bound"] == 7:
            continue  # what was early has come; of six limits at most six are missed
        cases = ("backoff", "minus", "capture") if values["won"] else ("none", "search", "search")
        case = cases[values["came"] + values["early"]]
        assert after == section_4(values["weight"], case, values, values["bound"]), values
        seen.add((case, after - values["weight"]))
    assert seen == {
        *itertools.product(["capture", "search"], [0, 1]),
        *itertools.product(["minus", "backoff"], [0, -1]),
        ("none", 0),
    }


def test_a_synapse_that_moves_at_once(tmp_path):
    told = {"early": "capture", "late": "minus", "absent": "backoff", "seek": "search"}
    fields = {"scan_in": 3, "limit": 3, "won": 1, "down": 1}
    fields |= dict.fromkeys(told, 1) | dict.fromkeys(HITS, 1)
    # The weight is scanned in; after one more edge it has moved, or not.
    step = "scan = 1; clk = 1; #1; clk = 0; #1; scan = 0; #1; clk = 1; #1; clk = 0; #1;"
    fixed = {"clk": "clk", "rst": "1'b0", "first": "3'd0", "scan": "scan"}
    fixed |= {"weight": "weight", "rises": ""}
    seen = set()
    for values, after in answers(
        tmp_path, LearningOptions(), "chip_synapse", fields, step=step, answer="weight",
        declared="wire [2:0] weight; reg scan = 0;", fixed=fixed,
    ):  # fmt: skip
        cases = [name for name in told if values[name]]
        if len(cases) > 1 or values["limit"] == 7 or values["down"] > values["won"]:
            continue  # a column tells one case at most, and only its winner's weights fall
        case = told[cases[0]] if cases else "none"
        if values["won"]:
            case = "none" if case == "search" else case
        elif case != "search":
            case = "none"
        if case != "none" and values["down"] != (case in ("minus", "backoff")):
            continue  # the winner captures in its first clock, and falls only after it
        w = values["scan_in"]
        assert after == section_4(w, case, values, values["limit"]), values
        seen.add((case, after - w))
    assert {case for case, _ in seen} == {*told.values(), "none"}
    assert {move for _, move in seen} == {-1, 0, 1}

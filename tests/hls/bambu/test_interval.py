"""How soon after a sample the next one may come, of Verilog written by hand in Bambu's protocol."""

import numpy as np
import pytest

from hls.bambu.interval import initiation_interval
from hls.ckernel import hls_kernel
from hls.errors import Unsupported
from hls.ir import Outputs, Stimulus

# The two neurons spike when lines 0 and 1 do.
DESIGN = """\
module smoke(clock, reset, start_port, x0_0, x0_1, x0_2, x0_3, done_port, return_port);
  input clock;
  input reset;
  input start_port;
  input [7:0] x0_0;
  input [7:0] x0_1;
  input [7:0] x0_2;
  input [7:0] x0_3;
  output done_port;
  output [7:0] return_port;
  wire [7:0] now = {x0_3[1:0], x0_2[1:0], x0_1[1:0], x0_0[1:0]};
BODY
endmodule
"""

PIPELINED = """\
  reg [1:0] done;
  reg [7:0] first, second;
  assign done_port = done[1];
  assign return_port = second;
  always @(posedge clock) begin
    done <= reset ? {done[0], start_port} : 2'b0;
    first <= now;
    second <= first;
  end
"""

# Reads its ports in the third clock, and is deaf until then.
BUSY = """\
  reg [1:0] count;
  reg [7:0] last;
  reg done;
  assign done_port = done;
  assign return_port = last;
  always @(posedge clock) begin
    count <= !reset ? 0 : count != 0 ? count - 1 : start_port ? 2 : 0;
    done <= reset && count == 1;
    last <= now;
  end
"""


@pytest.fixture
def interval(network, tmp_path):
    """Return what measures a design with this body, and at most so many clocks."""
    x = np.random.default_rng(3).choice([*range(8), 255], (50, 6)).astype(np.uint8)
    y = x[:, None, :2].copy()

    def call(body, most, arch="pipelined"):
        source = tmp_path / "smoke.v"
        source.write_text(DESIGN.replace("BODY", body))
        kernel = hls_kernel(network, arch)
        stimulus = Stimulus(x, None, Outputs(y))
        return initiation_interval(kernel, [source], stimulus, workdir=tmp_path / "work", most=most)

    return call


def test_a_pipeline_takes_a_sample_in_every_clock(interval):
    assert interval(PIPELINED, 3) == 1


def test_one_that_is_busy_takes_fewer(interval):
    assert interval(BUSY, 5) == 3


def test_one_that_never_answers_right_has_none(interval):
    assert interval(PIPELINED.replace("first <= now", "first <= ~now"), 4) is None


def test_arrays_have_none(interval):
    ports = "  input [7:0] x_q0; output x_ce0;"  # of a design that is never built
    with pytest.raises(Unsupported, match="initiation interval: got array x; expected scalar"):
        interval(ports, 4, "stream")

"""Our simulation of what Bambu writes, with Verilog written by hand in its protocol."""

import numpy as np
import pytest

from hls.bambu.ports import read_ports
from hls.bambu.simulate import simulate_bambu
from hls.ckernel.arguments import array
from hls.ckernel.kernel import HlsKernel
from hls.errors import StepFailed, Unsupported

# y[i] = x[i] + table[i] for two lines, one after the other; the table comes from a file.
DESIGN = """\
module smoke(clock, reset, start_port, x_q0, done_port, x_address0, x_ce0,
  y_address0, y_ce0, y_we0, y_d0);
  input clock;
  input reset;
  input start_port;
  input [7:0] x_q0;
  output done_port;
  output [2:0] x_address0;
  output x_ce0;
  output [0:0] y_address0;
  output y_ce0;
  output y_we0;
  output [7:0] y_d0;
  reg [1:0] state;
  reg at, done;
  reg [7:0] table_ [0:1];
  initial $readmemb("table.mem", table_);
  assign x_address0 = {2'b0, at};
  assign x_ce0 = state == 1;
  assign y_address0 = at;
  assign y_ce0 = state == 2;
  assign y_we0 = state == 2;
  assign y_d0 = LATE;
  assign done_port = done;
  always @(posedge clock)
    if (!reset) begin state <= 0; done <= 0; end
    else begin
      done <= state == 2 && at;
      case (state)
        0: if (start_port) begin state <= 1; at <= 0; end
        1: state <= 2;
        default: begin state <= at ? STOP : 1; at <= 1; end
      endcase
    end
endmodule
"""


@pytest.fixture
def simulate(network, tmp_path):
    """Return what simulates the design with one thing changed."""
    arguments = (array("x", "in", "x", 6), array("y", "out", "y", 2))
    kernel = HlsKernel(network, "stream", "smoke", {}, arguments)
    (tmp_path / "table.mem").write_text("00000001\n00000010\n")

    def call(late="x_q0 + table_[at]", stop="0", text=DESIGN):
        source = tmp_path / "smoke.v"
        source.write_text(text.replace("LATE", late).replace("STOP", stop))
        x = np.array([[0, 1, 2, 3, 4, 5], [7, 0, 255, 255, 255, 1]], dtype=np.uint8)
        return simulate_bambu(
            kernel, [source], [tmp_path / "table.mem"], x, workdir=tmp_path / "work", limit=50
        )

    return call


def test_arrays_are_memories_and_clocks_are_counted(simulate):
    result = simulate()
    assert result.outputs.y.tolist() == [[[1, 3]], [[8, 2]]]
    assert result.cycles.tolist() == [5, 5]  # start, two reads, two writes


def test_a_design_that_never_ends(simulate):
    with pytest.raises(StepFailed) as caught:
        simulate(stop="3").outputs  # noqa: B018 - the call is what raises
    assert str(caught.value) == (
        "verilator: Bambu's design hangs at sample 1: got done_port = 0 50 clocks after "
        "start_port; expected done_port = 1"
    )


def test_ports_that_there_is_no_model_of(simulate, tmp_path):
    with pytest.raises(Unsupported, match="got AXI ports; expected memory ports and plain ports"):
        simulate(text=DESIGN.replace("input reset;", "input reset;\n  input m_axi_x_rvalid;"))
    with pytest.raises(Unsupported, match="got no port start_port"):
        simulate(text=DESIGN.replace("start_port", "go"))
    ports = read_ports(tmp_path / "smoke.v", "smoke")
    assert ports["x_address0"] == ("output", 3)
    assert ports["y_address0"] == ("output", 1)
    assert ports["go"] == ("input", 1)
    assert read_ports(tmp_path / "smoke.v", "other") == {}

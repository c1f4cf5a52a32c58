"""Our simulation of what Bambu writes, with Verilog written by hand in its protocol."""

import numpy as np
import pytest

from hls.bambu.axi import SIGNALS
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
    with pytest.raises(Unsupported) as caught:
        simulate(text=DESIGN.replace("input reset;", "input reset;\n  input m_axi_x_arvalid;"))
    assert str(caught.value) == (
        "simulation of Bambu's Verilog: got no port m_axi_x_araddr; expected plain ports, memory "
        "ports, or an AXI4 master for an array. Bambu's own co-simulation may know it; the ladder "
        "needs interface 'ports'"
    )
    with pytest.raises(Unsupported, match="got port m_axi_gmem_rvalid; expected"):
        simulate(text=DESIGN.replace("input reset;", "input reset;\n  input m_axi_gmem_rvalid;"))
    with pytest.raises(Unsupported, match="got no port start_port"):
        simulate(text=DESIGN.replace("start_port", "go"))
    ports = read_ports(tmp_path / "smoke.v", "smoke")
    assert ports["x_address0"] == ("output", 3)
    assert ports["y_address0"] == ("output", 1)
    assert ports["go"] == ("input", 1)
    assert read_ports(tmp_path / "smoke.v", "other") == {}


# y[i] = x[i] + 1 for two lines, through AXI4 masters with a request at a time.
MASTER = """\
module smoke(clock, reset, start_port, x, y, done_port, PORTS);
  input clock;
  input reset;
  input start_port;
  input [31:0] x;
  input [31:0] y;
  output done_port;
DECLARED
  reg [2:0] state;
  reg at, done, sent, given;
  reg [7:0] held;
  assign done_port = done;
  assign m_axi_x_arvalid = READS;
  assign m_axi_x_araddr = x + at;
  assign m_axi_x_arlen = BURST;
  assign m_axi_x_rready = state == 2;
  assign m_axi_y_awvalid = state == 3 && !sent;
  assign m_axi_y_awaddr = y + at + OFFSET;
  assign m_axi_y_awlen = 0;
  assign m_axi_y_wvalid = state == 3 && !given;
  assign m_axi_y_wdata = DATA;
  assign m_axi_y_wstrb = 1;
  assign m_axi_y_bready = state == 4;
  assign {m_axi_x_awvalid, m_axi_x_wvalid, m_axi_x_bready, m_axi_y_arvalid, m_axi_y_rready} = 0;
  always @(posedge clock)
    if (!reset) begin state <= 0; done <= 0; end
    else begin
      done <= 0;
      case (state)
        0: if (start_port) begin state <= 1; at <= 0; end
        1: if (m_axi_x_arvalid && m_axi_x_arready) state <= 2;
        2: if (m_axi_x_rvalid) begin
          held <= m_axi_x_rdata + 1; sent <= 0; given <= 0; state <= 3;
        end
        3: begin
          if (m_axi_y_awready) sent <= 1;
          if (m_axi_y_wready) given <= 1;
          if ((sent || m_axi_y_awready) && (given || m_axi_y_wready)) state <= 4;
        end
        default: if (m_axi_y_bvalid) begin state <= at ? 0 : 1; at <= 1; done <= at; end
      endcase
    end
endmodule
"""
GIVEN = {"arready", "rvalid", "rdata", "rresp", "rlast", "awready", "wready", "bvalid", "bresp"}
WIDTHS = {"data": 8, "addr": 32, "len": 8, "resp": 2}


def master(reads="state == 1", burst="0", offset="0", data="held"):
    names = [f"m_axi_{array}_{signal}" for array in "xy" for signal in SIGNALS]
    lines = []
    for name in names:
        signal = name.rpartition("_")[2]
        width = next((w for end, w in WIDTHS.items() if signal.endswith(end)), 1)
        direction = "input" if signal in GIVEN else "output"
        lines.append(f"  {direction} [{width - 1}:0] {name};")
    text = MASTER.replace("PORTS", ", ".join(names)).replace("DECLARED", "\n".join(lines))
    for word, value in (("READS", reads), ("BURST", burst), ("OFFSET", offset), ("DATA", data)):
        text = text.replace(word, value)
    return text


def test_arrays_behind_axi_masters(simulate):
    result = simulate(text=master())
    assert result.outputs.y.tolist() == [[[1, 2]], [[8, 1]]]
    assert (result.cycles > 10).all()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"reads": "state == 1 && toggles"}, "AXI of x: a read changed before it was taken"),
        ({"burst": "1"}, "AXI of x: a burst"),
        ({"offset": "2"}, "AXI of y: a write outside its array"),
        ({"data": "m_axi_x_rdata"}, "AXI of y: a write's data changed before they were taken"),
    ],
)
def test_a_master_at_fault(simulate, wrong, told):
    text = master(**wrong)
    text = text.replace("  reg [2:0] state;", "  reg [2:0] state;\n  reg toggles;\n"
                        "  always @(posedge clock) toggles <= reset && !toggles;")  # fmt: skip
    with pytest.raises(StepFailed, match=told):
        simulate(text=text)

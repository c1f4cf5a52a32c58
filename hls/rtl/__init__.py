"""Direct RTL of a frozen network: Verilog-2005 with hard-wired weights."""

from hls.rtl.generate import RtlDesign, generate
from hls.rtl.ports import Port
from hls.rtl.step import VERILATOR, RtlStep, lint

__all__ = ["VERILATOR", "Port", "RtlDesign", "RtlStep", "generate", "lint"]

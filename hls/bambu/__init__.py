"""From C to Verilog by high-level synthesis: PandA-Bambu."""

from hls.bambu.command import bambu_command
from hls.bambu.options import BambuOptions
from hls.bambu.run import BambuResult, c_to_verilog, write_sources
from hls.bambu.simulate import simulate_bambu
from hls.bambu.tool import BAMBU, installed

__all__ = [
    "BAMBU",
    "BambuOptions",
    "BambuResult",
    "bambu_command",
    "c_to_verilog",
    "installed",
    "simulate_bambu",
    "write_sources",
]

"""A circuit behind an AMBA APB port, for use in a system on chip."""

from hls.rtl.bus.registers import Register, RegisterMap, register_map
from hls.rtl.bus.wrapper import BusDesign, generate_bus

__all__ = ["BusDesign", "Register", "RegisterMap", "generate_bus", "register_map"]

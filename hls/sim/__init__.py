"""Simulation of RTL and netlists in Icarus Verilog and Verilator."""

from hls.sim.simulate import IVERILOG, SIMULATORS, VVP, Simulation, simulate

__all__ = ["IVERILOG", "SIMULATORS", "VVP", "Simulation", "simulate"]

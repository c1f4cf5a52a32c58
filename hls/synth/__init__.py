"""Synthesis: RTL to a netlist of library cells, and the libraries' data."""

"""Measurements, remade by one command each."""

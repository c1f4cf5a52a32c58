"""Reports of a run: numbers, table and pictures."""

from hls.report.collect import collect, write_report

__all__ = ["collect", "write_report"]

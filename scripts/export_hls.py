"""From a run, or a checkpoint alone, to C and Verilog: Bambu's and the direct RTL.

python scripts/export_hls.py RUN [--hls.arch unrolled] [--pdk nangate45] [other options of flow]
python scripts/export_hls.py CHECKPOINT --output DIR [--arch unrolled] [--pdk nangate45]

A checkpoint comes without samples: the test bench gets random ones, with the answers of the C.
"""

import argparse
import sys
from pathlib import Path

from neutnn_pl.cli import main


def export_checkpoint(args: list[str]) -> int:
    """Freeze a checkpoint's network and take it to Verilog; return the exit code."""
    from hls.flow import Flow, HardwareOptions, HlsOptions
    from neutnn_pl.modules import NeuTNN

    parser = argparse.ArgumentParser("export_hls.py", allow_abbrev=False)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--output", type=Path, required=True, help="directory to write")
    parser.add_argument(
        "--name", default=None, help="name of the network; default: the directory's"
    )
    parser.add_argument("--arch", default="rolled", help="architecture of the C")
    parser.add_argument("--pdk", default="osu018", help="standard-cell library")
    options = parser.parse_args(args)
    network = NeuTNN.from_checkpoint(options.checkpoint).freeze(options.name or options.output.name)
    hardware = HardwareOptions(pdk=options.pdk)
    flow = Flow(
        network, run_dir=options.output, hardware=hardware, hls=HlsOptions(arch=options.arch)
    )
    flow.run(stop="rtl", progress=_tell)
    print(f"{options.output}/steps: ckernel (C), bambu (Verilog of it), rtl (direct RTL)")
    return 0


def _tell(event: object) -> None:
    record = getattr(event, "record", None)
    if record is not None:
        print(f"  {record.id:10}{record.summary}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1 and Path(sys.argv[1]).is_file():
        sys.exit(export_checkpoint(sys.argv[1:]))
    sys.exit(main(["flow", *sys.argv[1:2], "--to", "rtl", *sys.argv[2:]]))

"""Packets: a run as one archive that another machine can check, bit by bit."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from hls import __version__
from hls.errors import InvalidInput, Mismatch
from hls.files import atomic_path, sha256
from hls.ir import load
from hls.step import StepRecord, step_dir

MANIFEST = "packet.json"
FORMAT = 1
TOP = ("config.yaml", "flow.json", "report.json", "report.md", "report.html")
STIMULUS = "steps/freeze/stimulus.npz"
LARGEST = 1 << 31


def pack(run_dir: Path, target: Path | None = None) -> tuple[Path, int]:
    """Write a run as one archive: the same run gives the same bytes.

    It holds the configuration, the frozen network, every step's record, log and outputs, the
    report and its pictures, and `packet.json` with the SHA-256 of each of them.

    Args:
        run_dir: the run's directory.
        target: archive to write; default `<run>.tar.gz` beside the run.

    Returns:
        The archive's path, and how many files it holds.

    Raises:
        InvalidInput: if there is no finished flow in it, or an output has been changed since.
    """
    run_dir = Path(run_dir)
    if not (run_dir / "frozen").is_dir() or not (run_dir / "steps").is_dir():
        raise InvalidInput(
            f"run {run_dir}",
            got="no frozen network with steps in it",
            expected="a run",
            mend="Run 'neutnn flow' first",
        )
    files = _files(run_dir)
    network = load(run_dir / "frozen")
    manifest = {
        "format": FORMAT,
        "version": __version__,
        "run": run_dir.name,
        "network_sha256": network.hash,
        "files": {name: sha256(run_dir / name) for name in files},
    }
    _check_records(run_dir)
    path = Path(target or run_dir.with_name(f"{run_dir.name}.tar.gz"))
    with (
        atomic_path(path) as temporary,
        temporary.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        _add(archive, MANIFEST, json.dumps(manifest, indent=2).encode())
        for name in files:
            _add(archive, name, (run_dir / name).read_bytes())
    return path, len(files)


def _files(run_dir: Path) -> list[str]:
    """Return what goes into a packet, in name order: what records and report name, no more."""
    found = {name for name in TOP if (run_dir / name).is_file()}
    found |= {path.name for path in run_dir.glob("*.png")}
    found |= {str(p.relative_to(run_dir)) for p in (run_dir / "frozen").rglob("*") if p.is_file()}
    if (run_dir / STIMULUS).is_file():
        found.add(STIMULUS)
    for record in _records(run_dir):
        home = step_dir(run_dir, record.id)
        found.add(str((home / "step.json").relative_to(run_dir)))
        for name in record.outputs:
            if (home / name).is_file():
                found.add(str((home / name).relative_to(run_dir)))
    return sorted(found)


def _records(run_dir: Path) -> list[StepRecord]:
    homes = sorted(path for path in (run_dir / "steps").iterdir() if path.is_dir())
    return [record for home in homes if (record := StepRecord.read(home)) is not None]


def _check_records(run_dir: Path) -> None:
    """Hold every output of every finished step against its record."""
    for record in _records(run_dir):
        if record.status != "done":
            raise InvalidInput(
                f"step {record.id} of run {run_dir}",
                got=record.status,
                expected="done",
                mend="Run 'neutnn flow' to its end first",
            )
        home = step_dir(run_dir, record.id)
        for name, digest in record.outputs.items():
            path = home / name if (home / name).exists() else run_dir / name
            found = sha256(path) if path.exists() else None
            if found != digest:
                raise Mismatch(
                    f"step {record.id}: {name} is not what the step left",
                    got=f"SHA-256 {found[:12]}..." if found else "no such file",
                    expected=f"{digest[:12]}...",
                )


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(content), 0o644, 0
    archive.addfile(info, io.BytesIO(content))


def is_packet(path: Path) -> bool:
    """Return whether a path is a file that starts as our archives do."""
    if not path.is_file():
        return False
    with path.open("rb") as handle:
        return handle.read(2) == b"\x1f\x8b"


def verify_packet(path: Path) -> Iterator[str]:
    """Check a packet and yield one line for each check.

    Every file against its hash, the network against its own, every step's outputs against its
    record, every step's inputs against the outputs they were, the C and the Verilog against those
    generated here, and the ladder with the tools of this machine.

    Raises:
        InvalidInput: if it is no packet.
        Mismatch: at the first difference.
    """
    with tempfile.TemporaryDirectory(prefix="neutnn-packet-") as folder:
        run_dir = Path(folder) / "run"
        manifest = _unpack(path, run_dir)
        files: dict[str, str] = manifest["files"]
        for name, digest in files.items():
            found = sha256(run_dir / name)
            if found != digest:
                _differs(name, found, digest)
        yield f"{len(files)} files as packed"
        network = load(run_dir / "frozen")
        if network.hash != manifest["network_sha256"]:
            _differs("the frozen network", network.hash, manifest["network_sha256"])
        yield f"network {network.hash[:12]}..., {network.synapses} synapses"
        _check_records(run_dir)
        yield f"{len(_records(run_dir))} steps, their outputs as recorded{_chain(run_dir)}"
        yield from _generated(run_dir)
        if "verify" in {record.id for record in _records(run_dir)}:
            from hls.verify import verify_run

            yield from (f"ladder: {line}" for line in verify_run(run_dir))


def _chain(run_dir: Path) -> str:
    """Hold every recorded input against the output of a step that it was; return what was held."""
    outputs = {digest for record in _records(run_dir) for digest in record.outputs.values()}
    for given in (run_dir / "frozen", run_dir / STIMULUS):  # a flow from Python starts from these
        if given.exists():
            outputs.add(sha256(given))
    count = 0
    for record in _records(run_dir):
        if record.id == "fit":  # may start from files of the user's own, as later steps do
            outputs |= set(record.inputs.values())
            continue
        for name, digest in record.inputs.items():
            if digest not in outputs:
                raise Mismatch(
                    f"step {record.id}: its input {name} is no output of any step",
                    got=f"SHA-256 {digest[:12]}...",
                    expected="one that an earlier step left",
                )
            count += 1
    return f", {count} inputs traced to them"


def _generated(run_dir: Path) -> Iterator[str]:
    """Generate the C and the Verilog again, and compare the text."""
    from hls.ckernel import generate as c_sources
    from hls.rtl import generate as verilog

    network = load(run_dir / "frozen")
    c = step_dir(run_dir, "ckernel")
    if c.is_dir():
        for name, text in c_sources(network).items():
            _same_text(c / name, text)
        yield "C: the same text again"
    rtl = step_dir(run_dir, "rtl") / f"{network.name}.v"
    record = StepRecord.read(rtl.parent)
    if rtl.is_file() and record is not None and record.options.keys() <= {"bus"}:
        _same_text(rtl, verilog(network).text)
        yield "Verilog: the same text again"


def _same_text(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        found = sha256(path) if path.is_file() else None
        _differs(path.name, found, hashlib.sha256(text.encode()).hexdigest())


def _differs(what: str, found: str | None, expected: str) -> None:
    got = f"SHA-256 {found[:12]}..." if found else "no such file"
    raise Mismatch(f"packet: {what} differs", got=got, expected=f"{expected[:12]}...")


def _unpack(path: Path, target: Path) -> dict[str, Any]:
    """Unpack a packet's files, and no others, into a folder; return its manifest."""
    try:
        with tarfile.open(path, mode="r:gz") as archive:
            members = {member.name: member for member in archive.getmembers()}
            manifest = json.loads(_content(archive, members, MANIFEST))
            if manifest.get("format") != FORMAT:
                raise InvalidInput(
                    f"packet {path}",
                    got=f"format {manifest.get('format')}",
                    expected=f"format {FORMAT}",
                    mend="Use the version of neutnn that wrote it",
                )
            extra = set(members) - set(manifest["files"]) - {MANIFEST}
            if extra:
                raise Mismatch("packet: files not listed", got=", ".join(sorted(extra)[:5]))
            for name in manifest["files"]:
                place = PurePosixPath(name)
                if place.is_absolute() or ".." in place.parts:
                    raise InvalidInput(f"packet {path}", got=f"the name {name}", expected="inside")
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                (target / name).write_bytes(_content(archive, members, name))
    except (tarfile.TarError, OSError, EOFError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(
            f"packet {path}", got=f"{error}", expected="an archive that 'neutnn pack' wrote"
        ) from error
    return dict(manifest)


def _content(archive: tarfile.TarFile, members: dict[str, tarfile.TarInfo], name: str) -> bytes:
    member = members.get(name)
    handle = archive.extractfile(member) if member is not None and member.isfile() else None
    if handle is None or member is None or member.size > LARGEST:
        raise ValueError(f"no file {name}")
    return handle.read()

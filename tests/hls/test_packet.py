"""Packets: packed the same every time, checked to the last bit."""

import gzip
import io
import tarfile

import pytest

import hls
from hls.errors import InvalidInput, Mismatch
from hls.ir import Outputs, Stimulus
from hls.packet import is_packet, pack, verify_packet
from neutnn_pl.cli import main
from neutnn_pl.smoke import tiny


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = tmp_path_factory.mktemp("packet") / "mine"
    network, x, y = tiny()
    hls.Flow(network, run_dir=run, stimulus=Stimulus(x, None, Outputs(y))).run(stop="rtl")
    return run


@pytest.fixture(scope="module")
def packet(run):
    path, files = pack(run)
    assert files > 8
    return path


def repacked(packet, target, change):
    """Write a packet whose contents `change(name, data)` has touched."""
    with tarfile.open(packet) as old, tarfile.open(target, "w:gz") as new:
        for member in old.getmembers():
            data = change(member.name, old.extractfile(member).read())
            if data is not None:
                member.size = len(data)
                new.addfile(member, io.BytesIO(data))
    return target


def test_the_same_run_packs_to_the_same_bytes_and_passes(run, packet, tmp_path, capsys):
    again, _ = pack(run, tmp_path / "again.tar.gz")
    assert again.read_bytes() == packet.read_bytes()
    assert is_packet(packet)
    assert not is_packet(run)
    assert main(["verify", str(packet)]) == 0
    out = capsys.readouterr().out
    assert "files as packed" in out
    assert "3 steps, their outputs as recorded, 5 inputs traced to them" in out
    assert "C: the same text again" in out
    assert "Verilog: the same text again" in out


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        ("arrays.npz", "differs"),
        ("smoke.c", "packet: steps/ckernel/smoke.c differs"),
        ("step.json", "packet: steps/ckernel/step.json differs"),
        ("stimulus.npz", "packet: steps/freeze/stimulus.npz differs"),
    ],
)
def test_a_flipped_bit_is_found(packet, tmp_path, ending, told):
    def flip(name, data):
        if name.endswith(ending) and "rtl" not in name and "bambu" not in name:
            return data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]
        return data

    with pytest.raises(Mismatch, match=told):
        list(verify_packet(repacked(packet, tmp_path / "x.tar.gz", flip)))


def test_files_that_are_missing_or_too_many(packet, tmp_path):
    def drop(name, data):
        return None if name.endswith("rtl/smoke.v") else data

    with pytest.raises(InvalidInput, match="no file steps/rtl/smoke.v; expected an archive that"):
        list(verify_packet(repacked(packet, tmp_path / "x.tar.gz", drop)))
    target = tmp_path / "y.tar.gz"
    with tarfile.open(packet) as old, tarfile.open(target, "w:gz") as new:
        for member in old.getmembers():
            new.addfile(member, old.extractfile(member))
        new.addfile(tarfile.TarInfo("../evil"), io.BytesIO(b""))
    with pytest.raises(Mismatch, match=r"packet: files not listed: got \.\./evil"):
        list(verify_packet(target))


def test_what_is_no_packet(tmp_path, capsys):
    path = tmp_path / "x.tar.gz"
    path.write_bytes(gzip.compress(b"nothing"))
    assert main(["verify", str(path)]) == 2
    assert "expected an archive that 'neutnn pack' wrote" in capsys.readouterr().err


def test_a_run_that_was_changed_is_not_packed(run, tmp_path):
    path = run / "steps" / "ckernel" / "smoke.h"
    whole = path.read_text()
    path.write_text(whole + "\n")
    with pytest.raises(Mismatch, match="step ckernel: smoke.h is not what the step left"):
        pack(run, tmp_path / "x.tar.gz")
    path.write_text(whole)
    with pytest.raises(InvalidInput, match="got no frozen network with steps in it"):
        pack(tmp_path)

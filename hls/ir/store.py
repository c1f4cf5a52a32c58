"""Frozen networks on disk: `network.json` (versioned, schema-checked) and `arrays.npz`."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zipfile
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hls.errors import InvalidNetwork
from hls.files import unwritable, write_json
from hls.ir.network import FrozenLayer, FrozenNetwork

FORMAT = "neutnn-frozen"
VERSION = 1
_JSON, _ARRAYS = "network.json", "arrays.npz"
_FIELDS = ("weights", "mask", "theta", "lines")
_OPTIONAL = ("proximal_lines", "proximal_weights", "proximal_mask", "lfsr", "lfsr_draws")
_SCALARS = (
    "wres",
    "response",
    "horizon",
    "wta",
    "k",
    "tie",
    "retime",
    "late",
    "proximal",
    "proximal_wres",
    "proximal_horizon",
    "learning",
)
_REMAKE = "Export it again with 'neutnn export'"

Array = npt.NDArray[Any]


def content_hash(network: FrozenNetwork) -> str:
    """Return the SHA-256 (hex) of a network's content.

    It covers the canonical JSON without the hash (sorted keys, no white space, ASCII), then, in
    name order, each array's name, dtype, shape and little-endian C-order bytes.
    """
    document, arrays = _describe(network)
    return _digest(document, arrays)


def save(network: FrozenNetwork, directory: Path) -> Path:
    """Write a network; the directory is complete or absent.

    Args:
        network: what to write.
        directory: directory to make; replaced if it exists.

    Returns:
        `directory`.

    Raises:
        InvalidInput: if it cannot be written.
    """
    directory = Path(directory)
    document, arrays = _describe(network)
    document["hash"] = _digest(document, arrays)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    except OSError as error:
        raise unwritable(directory.parent, error) from error
    try:
        with (temporary / _ARRAYS).open("wb") as handle:
            np.savez_compressed(handle, allow_pickle=False, **arrays)
        write_json(temporary / _JSON, document)
        temporary.chmod(0o755)
        if directory.exists():
            shutil.rmtree(directory)
        temporary.rename(directory)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return directory


def load(directory: Path) -> FrozenNetwork:
    """Read a network and check it.

    Args:
        directory: what `save` wrote.

    Raises:
        InvalidNetwork: if it is missing, truncated, of a newer version, against the schema, edited
            by hand (the hash differs), or not a valid network.
    """
    directory = Path(directory)
    document = _read_json(directory / _JSON)
    arrays = _read_arrays(directory / _ARRAYS, document["arrays"])
    stated = document.pop("hash")
    found = _digest(document, arrays)
    if found != stated:
        raise InvalidNetwork(
            f"{directory}: the content does not fit its hash",
            got=found[:12],
            expected=stated[:12],
            mend=f"It was edited or damaged. {_REMAKE}",
        )
    numbers = range(len(document["layers"]))
    needed = {f"layer{i}_{f}" for i in numbers for f in _FIELDS}
    allowed = needed | {f"layer{i}_{f}" for i in numbers for f in _OPTIONAL} | {"votes"}
    if not needed <= set(arrays) <= allowed:
        raise InvalidNetwork(
            f"{directory}: arrays", got=sorted(arrays), expected=sorted(needed), mend=_REMAKE
        )
    layers = tuple(_layer(arrays, i, settings) for i, settings in enumerate(document["layers"]))
    return FrozenNetwork(
        document["name"],
        document["inputs"],
        document["tres"],
        layers,
        votes=arrays.get("votes"),
        proximal_lines=document["proximal_lines"],
        encoder=document.get("encoder"),
    )


def _layer(arrays: dict[str, Array], index: int, settings: dict[str, Any]) -> FrozenLayer:
    fields: dict[str, Any] = {f: arrays.get(f"layer{index}_{f}") for f in (*_FIELDS, *_OPTIONAL)}
    return FrozenLayer(**fields, **settings)


def _describe(network: FrozenNetwork) -> tuple[dict[str, Any], dict[str, Array]]:
    arrays = {
        f"layer{i}_{f}": np.ascontiguousarray(getattr(layer, f))
        for i, layer in enumerate(network.layers)
        for f in (*_FIELDS, *_OPTIONAL)
        if getattr(layer, f) is not None
    }
    if network.votes is not None:
        arrays["votes"] = np.ascontiguousarray(network.votes)
    document = {
        "format": FORMAT,
        "version": VERSION,
        "name": network.name,
        "inputs": network.inputs,
        "tres": network.tres,
        "proximal_lines": network.proximal_lines,
        "layers": [{s: getattr(layer, s) for s in _SCALARS} for layer in network.layers],
        "arrays": [
            {"name": name, "dtype": str(a.dtype), "shape": list(a.shape)}
            for name, a in sorted(arrays.items())
        ],
    }
    if network.encoder is not None:  # absent, not null: a network without one keeps its hash
        document["encoder"] = network.encoder
    return document, arrays


def _digest(document: dict[str, Any], arrays: dict[str, Array]) -> str:
    body = {key: value for key, value in document.items() if key != "hash"}
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    digest = hashlib.sha256(canonical.encode("ascii"))
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name}\0{array.dtype}\0{list(array.shape)}\0".encode("ascii"))
        digest.update(array.astype(array.dtype.newbyteorder("<"), order="C").tobytes())
    return digest.hexdigest()


def _read_json(path: Path) -> dict[str, Any]:
    import jsonschema

    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidNetwork(
            f"no frozen network at {path.parent}",
            got=error.strerror,
            expected=f"{_JSON} and {_ARRAYS}",
            mend="Make one with 'neutnn export RUN'",
        ) from error
    except ValueError as error:
        raise InvalidNetwork(
            f"{path} is not JSON", got=str(error), expected="a whole file", mend=_REMAKE
        ) from error
    version = document.get("version") if isinstance(document, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise InvalidNetwork(
            f"{path}: a newer format",
            got=f"version {version}",
            expected=f"version {VERSION} or older",
            mend="Upgrade neutnn-pl",
        )
    schema = json.loads(resources.files("hls.ir").joinpath("schema.json").read_text("utf-8"))
    errors = sorted(
        jsonschema.Draft202012Validator(schema).iter_errors(document), key=lambda e: list(e.path)
    )
    if errors:
        where = "/".join(str(part) for part in errors[0].absolute_path) or "the document"
        raise InvalidNetwork(
            f"{path}: {where} is against the schema",
            got=errors[0].message,
            expected="a frozen network, version 1",
            mend=_REMAKE,
        )
    return dict(document)


def _read_arrays(path: Path, manifest: list[dict[str, Any]]) -> dict[str, Array]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zipfile.LargeZipFile) as error:
        raise InvalidNetwork(
            f"{path} cannot be read", got=str(error), expected="a whole .npz file", mend=_REMAKE
        ) from error
    stated = {entry["name"]: (entry["dtype"], entry["shape"]) for entry in manifest}
    found = {name: (str(a.dtype), list(a.shape)) for name, a in arrays.items()}
    if stated != found:
        names = sorted(n for n in {**stated, **found} if stated.get(n) != found.get(n))
        raise InvalidNetwork(
            f"{path}: arrays {', '.join(names)}",
            got=[found.get(n, "missing") for n in names],
            expected=[stated.get(n, "nothing") for n in names],
            mend=_REMAKE,
        )
    return arrays

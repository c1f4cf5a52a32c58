"""Ray on this machine, or a cluster at an address, which may ask for a token."""

from __future__ import annotations

import os
import socket
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from hls.errors import InvalidInput, ToolMissing

TOKENS = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


def import_ray(command: str, module: str = "ray") -> Any:  # noqa: ANN401 - a module
    """Return Ray, or a module of it.

    Raises:
        ToolMissing: naming the command that needs it.
    """
    if token_in() is not None and "ray" not in sys.modules:
        # Ray reads this when it is imported; else it would not show a cluster the token it has.
        # Set later, it would reach only what this process starts, which would then refuse it.
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        return import_module(module)
    except ImportError as error:
        raise ToolMissing(
            f"{command} needs the package ray[tune]",
            got="no such package",
            mend="Install it with 'pip install neutnn-pl[sweep]'",
        ) from error


def token_in() -> str | None:
    """Return where Ray finds a token for clusters that ask for one, or None."""
    for name in TOKENS:
        if os.environ.get(name):
            return name
    return "~/.ray/auth_token" if (Path.home() / ".ray" / "auth_token").is_file() else None


def start_ray(ray: Any, address: str | None) -> None:  # noqa: ANN401 - a module
    """Start Ray on this machine, or join the cluster at an address.

    Raises:
        InvalidInput: if no cluster answers there, or it does not accept the token.
    """
    if address is None:
        ray.init(
            address="local", log_to_driver=False, logging_level="ERROR", include_dashboard=False
        )
        return
    try:
        _knock(address)
    except OSError as error:
        raise _silent(address) from error
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (OSError, ray.exceptions.RayError) as error:
        # 'auto' knocks nowhere; Ray says so where it finds no cluster on this machine.
        if "any running Ray instance" in str(error):
            raise _silent(address) from error
        raise _refused(address) from error


def _knock(address: str) -> None:
    """Open a connection to an address, since Ray would try for minutes where nobody listens."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


def _silent(address: str) -> InvalidInput:
    return InvalidInput(
        "option --ray",
        got=f"{address}, where no cluster answers",
        expected="the address of one that runs, or none to use this machine",
        mend="Start one with 'ray start --head'; it prints its address",
    )


def _refused(address: str) -> InvalidInput:
    mode, place = os.environ.get("RAY_AUTH_MODE", "token"), token_in()
    if mode.lower() != "token":
        shown = f"none, as RAY_AUTH_MODE is {mode!r}"
    else:
        shown = "none" if place is None else f"that in {place}"
    return InvalidInput(
        "option --ray",
        got=f"{address}, which refuses this command (token: {shown})",
        expected="the head of a Ray cluster, and the token that it was started with",
        mend="Set RAY_AUTH_TOKEN here to what 'ray get-auth-token' prints on that machine",
    )

"""Ray by address: a cluster that is not there, or that asks for another token."""

import json
import os
import socket
import sys
from types import SimpleNamespace

import pytest

from hls.errors import InvalidInput
from neutnn_pl.explore import cluster


class Refused(Exception):
    """An error of Ray."""


def ray(error=None):
    """A Ray that keeps how it was started, or fails to."""
    started = []

    def init(**options):
        started.append(options)
        if error is not None:
            raise error

    return SimpleNamespace(init=init, started=started, exceptions=SimpleNamespace(RayError=Refused))


@pytest.fixture
def listening():
    """The address of somebody who listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(autouse=True)
def no_token(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_MODE", *cluster.TOKENS):
        monkeypatch.delenv(name, raising=False)


def test_this_machine_or_an_address(listening):
    fake = ray()
    cluster.start_ray(fake, None)
    cluster.start_ray(fake, listening)
    cluster.start_ray(fake, "auto")
    assert [options["address"] for options in fake.started] == ["local", listening, "auto"]
    assert [options.get("include_dashboard") for options in fake.started] == [False, None, None]


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "auto"])
def test_nobody_is_there(address):
    fake = ray(ConnectionError("Could not find any running Ray instance."))
    with pytest.raises(InvalidInput) as error:
        cluster.start_ray(fake, address)
    assert str(error.value) == (
        f"option --ray: got {address}, where no cluster answers; expected the address of one that "
        "runs, or none to use this machine. Start one with 'ray start --head'; it prints its "
        "address"
    )
    assert len(fake.started) == (address == "auto")  # Ray would try for minutes


@pytest.mark.parametrize("error", [ConnectionError("Failed to connect"), Refused("no token")])
@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        (None, None, "none"),
        ("RAY_AUTH_TOKEN", "wrong", "that in RAY_AUTH_TOKEN"),
        ("RAY_AUTH_TOKEN_PATH", "/x", "that in RAY_AUTH_TOKEN_PATH"),
        ("RAY_AUTH_MODE", "disabled", "none, as RAY_AUTH_MODE is 'disabled'"),
    ],
)
def test_another_token(listening, monkeypatch, error, name, value, shown):
    if name is not None:
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidInput) as found:
        cluster.start_ray(ray(error), listening)
    assert str(found.value) == (
        f"option --ray: got {listening}, which refuses this command (token: {shown}); "
        "expected the head of a Ray cluster, and the token that it was started with. "
        "Set RAY_AUTH_TOKEN here to what 'ray get-auth-token' prints on that machine"
    )


def test_a_token_in_the_usual_file(listening, tmp_path):
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("secret")
    with pytest.raises(InvalidInput, match="command .token: that in ~/.ray/auth_token.; expected"):
        cluster.start_ray(ray(ConnectionError("Failed to connect")), listening)


def test_a_token_counts_only_before_ray_is_imported(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RAY_AUTH_MODE", "")
    monkeypatch.delenv("RAY_AUTH_MODE")  # both: what is set below goes afterwards
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.setitem(sys.modules, "ray", json)
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("secret")
    # A process with Ray in it knows no token: a Ray that it starts must ask for none.
    assert cluster.import_ray("explore") is json
    assert "RAY_AUTH_MODE" not in os.environ
    monkeypatch.delitem(sys.modules, "ray")
    assert cluster.import_ray("explore", "json") is json
    assert os.environ["RAY_AUTH_MODE"] == "token"

"""What tests of circuits that learn share."""

from hls.rtl.learning import generate_learning


def circuit(frozen, path):
    """Write the circuit of a frozen network; return its file."""
    path.mkdir(parents=True, exist_ok=True)
    source = path / "chip.v"
    source.write_text(generate_learning(frozen).text)
    return source

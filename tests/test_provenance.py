"""Content credentials on real clips: signed last, read back, broken by one byte, named for what they are."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from popcorn_agents.cli import app, main
from popcorn_agents.tools import provenance
from popcorn_agents.tools.errors import InputError, PopcornError
from popcorn_agents.tools.provenance import Identity, identity, sign, verify
from popcorn_agents.tools.renderers import RenderRequest, render
from popcorn_agents.tools.video import encode, probe

REQUEST = RenderRequest(prompt="A dog in the park", title="Good <Dog> 🎬", seconds=0.25)


def plain(path: Path) -> Path:
    encode([np.full((64, 64, 3), 90, np.uint8)] * 4, path, fps=24, metadata={"title": "x"})
    return path


def run(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    return done.exit_code, json.loads(done.stdout)


def test_every_clip_is_signed_and_says_what_it_is(tmp_path: Path) -> None:
    clip = render(REQUEST, "animatic", tmp_path)
    found = verify(clip.path)
    assert (found.state, found.source_type, found.title) == ("valid", "algorithmicMedia", "Good <Dog> 🎬")
    assert found.local_certificate
    assert not found.trusted
    assert found.facts["seed"] == 7
    assert found.facts["renderer"].startswith("animatic")
    assert "AI-generated" in found.metadata["comment"]
    assert found.metadata["popcorn_prompt_sha256"] == found.facts["prompt_sha256"]
    info = probe(clip.path)
    assert info.faststart
    assert info.bt709


def test_diffusion_is_marked_as_trained(tmp_path: Path) -> None:
    path = plain(tmp_path / "a.mp4")
    sign(path, kind="footage", title="t", facts={"model": "m"}, by=identity())
    assert verify(path).source_type == "trainedAlgorithmicMedia"


def test_one_changed_byte_is_found(tmp_path: Path) -> None:
    path = render(REQUEST, "animatic", tmp_path).path
    content = bytearray(path.read_bytes())
    content[-40] ^= 1
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(content)
    code, found = run("verify", str(broken))
    assert (code, found["state"]) == (1, "invalid")
    assert any("mismatch" in problem for problem in found["problems"])


def test_the_command_line_tells_signed_from_unsigned(tmp_path: Path) -> None:
    assert run("render", "a cat", "--seconds", "1", "--out", str(tmp_path / "o.mp4"))[0] == 0
    assert run("verify", str(tmp_path / "o.mp4"))[0] == 0
    code, found = run("verify", str(plain(tmp_path / "plain.mp4")))
    assert (code, found["state"]) == (1, "unsigned")
    words = CliRunner().invoke(app, ["verify", str(tmp_path / "o.mp4")])
    assert "not who made it" in words.stdout


@pytest.mark.parametrize(("name", "code"), [("missing.mp4", 2), ("text.mp4", 1)])
def test_what_is_no_video_is_one_sentence(
    tmp_path: Path, name: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.mp4").write_text("not a video")
    with pytest.raises(SystemExit) as stop:
        main(["verify", str(tmp_path / name)])
    assert stop.value.code == code
    assert name in capsys.readouterr().err.replace("\n", "")


def test_the_local_key_is_kept_and_private() -> None:
    first, second = identity(), identity()
    assert first == second
    folder = provenance.platformdirs.user_data_path("popcorn-agents") / "signing"
    assert (folder / "key.pem").stat().st_mode & 0o077 == 0


def test_the_users_certificate_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain, key = provenance._make_certificate()
    (tmp_path / "c.pem").write_bytes(chain)
    (tmp_path / "k.pem").write_bytes(key)
    monkeypatch.setenv("POPCORN_SIGN_CERT", str(tmp_path / "c.pem"))
    with pytest.raises(InputError, match="belong together"):
        identity()
    monkeypatch.setenv("POPCORN_SIGN_KEY", str(tmp_path / "k.pem"))
    assert identity() == Identity(chain, key, local=False)
    monkeypatch.setenv("POPCORN_SIGN_KEY", str(tmp_path / "nowhere.pem"))
    with pytest.raises(InputError, match="cannot be read"):
        identity()


def test_another_signer_is_another_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = render(REQUEST, "animatic", tmp_path)
    chain, key = provenance._make_certificate()
    (tmp_path / "c.pem").write_bytes(chain)
    (tmp_path / "k.pem").write_bytes(key)
    monkeypatch.setenv("POPCORN_SIGN_CERT", str(tmp_path / "c.pem"))
    monkeypatch.setenv("POPCORN_SIGN_KEY", str(tmp_path / "k.pem"))
    second = render(REQUEST, "animatic", tmp_path)
    assert second.key != first.key
    assert second.checks["unsigned_sha256"] == first.checks["unsigned_sha256"]


def test_a_key_that_cannot_sign_is_one_sentence_and_leaves_the_file(tmp_path: Path) -> None:
    path = plain(tmp_path / "a.mp4")
    before = path.read_bytes()
    with pytest.raises(PopcornError, match="could not be signed"):
        sign(path, kind="footage", title="t", facts={}, by=Identity(b"nonsense", b"nonsense", local=False))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_key_that_cannot_sign_is_one_sentence(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    ours, form = identity(), serialization.PrivateFormat.PKCS8
    locked, odd = (
        ec.generate_private_key(curve).private_bytes(serialization.Encoding.PEM, form, protection)
        for curve, protection in (
            (ec.SECP256R1(), serialization.BestAvailableEncryption(b"secret")),
            (ec.SECP256K1(), serialization.NoEncryption()),
        )
    )
    for key in (locked, odd):
        path = plain(tmp_path / "a.mp4")
        before = path.read_bytes()
        with pytest.raises(PopcornError, match="could not be signed"):
            sign(path, kind="footage", title="t", facts={}, by=replace(ours, key=key))
        assert path.read_bytes() == before

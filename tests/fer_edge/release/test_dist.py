"""Wheel, sdist and bills of materials. The builds themselves are run by `make dist`."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from device.errors import CheckFailedError, InputError
from fer_edge.release import dist, sbom

ROOT = Path(__file__).parents[3]


def archive(names: list[str], *, mtime: int, mode: int, owner: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode, member.uname = len(name), mtime, mode, owner
            tar.addfile(member, io.BytesIO(name.encode()))
    return packed.getvalue()


def test_an_sdist_depends_on_names_and_contents_alone() -> None:
    one = archive(["a", "b"], mtime=1, mode=0o664, owner="me")
    other = archive(["b", "a"], mtime=2, mode=0o600, owner="you")
    assert one != other
    assert dist.normalize(one, 99) == dist.normalize(other, 99)
    with tarfile.open(fileobj=io.BytesIO(dist.normalize(one, 99))) as tar:
        assert [(m.name, m.mtime, m.mode) for m in tar] == [("a", 99, 0o644), ("b", 99, 0o644)]
        assert tar.extractfile("b").read() == b"b"
    assert dist.normalize(archive(["c"], mtime=1, mode=0o664, owner=""), 99) != dist.normalize(
        one, 99
    )


def test_builds_that_differ_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    builds = iter([{"a.whl": b"1", "a.tar.gz": b"2"}, {"a.whl": b"1", "a.tar.gz": b"3"}])
    monkeypatch.setattr(dist, "commit_time", lambda root: 0)
    monkeypatch.setattr(dist, "_build_once", lambda *_: next(builds))
    with pytest.raises(CheckFailedError, match=r"differ: a\.tar\.gz"):
        dist.build(ROOT)


def test_a_wheel_that_grew_too_large_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dist, "commit_time", lambda root: 0)
    monkeypatch.setattr(
        dist, "_build_once", lambda root, epoch, commit: {"a.whl": bytes(5_000_001)}
    )
    with pytest.raises(CheckFailedError, match="5,000,001 bytes"):
        dist.build(ROOT)


def test_what_is_no_repository_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="git log"):
        dist.build(tmp_path)


def test_the_base_install_is_locked_and_brings_no_tensorflow() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = sbom.closure(project["dependencies"])
    assert {"numpy", "opencv-python-headless", "ai-edge-litert", "pydantic-core"} <= needed
    assert not {"tensorflow", "pandas", "requests", "pytest"} & needed


def test_extras_of_a_requirement_are_followed() -> None:
    plain, more = sbom.closure(["uvicorn"]), sbom.closure(["coverage", "coverage[toml]"])
    assert "click" in plain
    assert "coverage" in more


def test_a_distribution_that_is_not_installed_is_named() -> None:
    with pytest.raises(InputError, match="no-such-thing is not installed"):
        sbom.closure(["no.such_thing>=1"])


def test_the_bill_names_every_component_with_its_version() -> None:
    pytest.importorskip("cyclonedx_py", reason="no cyclonedx-bom: pip install '.[release]'")
    bill = json.loads(sbom.bill(ROOT, ["numpy==2.4.6", "rich==15.0.0"], 1_700_000_000))
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "fer-edge"
    assert bill["metadata"]["timestamp"].startswith("2023-11-14")
    found = {part["name"]: part["version"] for part in bill["components"]}
    assert found == {"numpy": "2.4.6", "rich": "15.0.0"}
    assert "serialNumber" not in bill  # it would be random


def test_there_is_a_bill_of_the_base_install_and_one_of_all(monkeypatch) -> None:
    monkeypatch.setattr(sbom, "bill", lambda root, pins, epoch: "\n".join(pins).encode())
    base, full = (set(text.decode().split()) for text in sbom.write(ROOT, 0).values())
    assert (
        base
        < full
        == {line for line in (ROOT / "constraints.txt").read_text().split() if "==" in line}
    )

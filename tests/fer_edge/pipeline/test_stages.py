from pathlib import Path

import pytest

from device.errors import InputError
from fer_edge.pipeline import stages
from fer_edge.pipeline.stages import Stage


def made(log: list[str], **settings: object) -> list[Stage]:
    """Two stages that write down that they ran; `settings` are those of the second."""
    return [
        Stage("first", {"x": 1}, lambda folder: log.append(folder.name)),
        Stage("second", settings, lambda folder: log.append(folder.name)),
    ]


def test_each_stage_is_done_once_in_order(tmp_path: Path) -> None:
    log: list[str] = []
    again = [list(stages.run(made(log, y={"z": 2}), tmp_path)) for _ in range(2)]
    assert log == ["first", "second"]
    assert [name for name, _ in again[0]] == ["first", "second"]
    assert again[1] == [("first", None), ("second", None)]


def test_an_interrupted_stage_is_done_again_and_finished_ones_are_not(tmp_path: Path) -> None:
    log: list[str] = []
    torn = made(log)

    def interrupted(_: Path) -> None:
        raise KeyboardInterrupt

    torn[1] = Stage("second", {}, interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(stages.run(torn, tmp_path))
    list(stages.run(made(log), tmp_path))
    assert log == ["first", "second"]


def test_other_settings_are_refused_before_anything_runs(tmp_path: Path) -> None:
    log: list[str] = []
    list(stages.run(made(log, y={"z": 2}), tmp_path))
    with pytest.raises(InputError, match=r"second was made with y\.z = 2, not 3"):
        list(stages.run(made(log, y={"z": 3}), tmp_path))
    assert log == ["first", "second"]


def test_a_later_stage_is_refused_when_an_earlier_one_is_another(tmp_path: Path) -> None:
    log: list[str] = []
    list(stages.run(made(log), tmp_path))
    other = [Stage("first", {"x": 2}, lambda _: None), made(log)[1]]
    with pytest.raises(InputError, match="first was made with x = 1, not 2") as refused:
        list(stages.run(other, tmp_path))
    assert str(tmp_path / "second") in str(refused.value)


def test_a_damaged_note_is_named(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "stage.json").write_text("{")
    with pytest.raises(InputError, match=r"stage\.json is damaged"):
        list(stages.run(made([]), tmp_path))
    (tmp_path / "first" / "stage.json").write_text('["no note of ours"]')
    with pytest.raises(InputError, match=r"stage\.json is damaged"):
        list(stages.run(made([]), tmp_path))

import copy

import pytest

from benchmarks.gate import pairing
from benchmarks.gate.verdict import Status
from device.errors import InputError

from ..full_results import full_results
from .test_check import SLOWER, judge


def model(path, *, name=None, sha256="0" * 64, head="fer2013", peer=None) -> dict:
    stem = path.rpartition("/")[2].removesuffix(".tflite")
    return {"name": name or stem, "path": path, "sha256": sha256, "head": head, "peer": peer}


ALONE = model("/a/zoo/base/fer2013_int8.tflite", sha256="1" * 64)
BASE = model("/b/zoo/base/fer2013_int8.tflite", name="base-fer2013_int8", sha256="2" * 64)
NANO = model("/b/zoo/nano/fer2013_int8.tflite", name="nano-fer2013_int8", sha256="3" * 64)


def test_a_model_is_the_same_whatever_is_measured_beside_it():
    assert pairing.pair([BASE, NANO], [ALONE]) == {"base-fer2013_int8": ALONE}
    assert pairing.pair([ALONE], [NANO, BASE]) == {"fer2013_int8": BASE}


@pytest.mark.parametrize("glob", ["fer2013_int8", "base-fer2013_int8", "*_int8", "zoo-base-*"])
def test_a_glob_names_a_model_whatever_is_measured_beside_it(glob):
    assert pairing.matches(ALONE, glob) and pairing.matches(BASE, glob)


def test_a_renamed_file_is_known_by_its_bytes():
    renamed = model("candidate.tflite", sha256="1" * 64)
    assert pairing.pair([renamed], [ALONE, NANO]) == {"candidate": ALONE}


def test_an_external_model_is_known_by_its_given_name():
    ours = model("x/a.tflite", name="theirs", peer={"name": "theirs"})
    other = model("y/b.tflite", name="theirs", peer={"name": "theirs"})
    assert pairing.pair([ours], [other]) == {"theirs": other}


def test_what_could_be_either_is_neither():
    assert pairing.pair([model("c/fer2013_int8.tflite")], [BASE, NANO]) == {}


def test_models_with_other_labels_never_match():
    assert pairing.pair([ALONE], [{**ALONE, "head": "ferplus"}]) == {}


def as_zoo(results, folders):
    """Replace the int8 model by those of the given zoo nets, named as a session does."""
    template = next(one for one in results["models"] if one["name"] == "fer2013_int8")
    results["models"] = []
    for folder in folders:
        one = copy.deepcopy(template)
        one["path"] = f"/{len(folders)}/zoo/{folder}/fer2013_int8.tflite"
        one["name"] = f"{folder}-fer2013_int8" if len(folders) > 1 else "fer2013_int8"
        results["models"].append(one)
    return results


DEFAULT = 'allow_new = true\n[models."*"]\noptional = true\nmax_top1_loss = 0.01\n'


def test_a_loss_is_found_when_another_model_is_measured_beside(now_and_main):
    now, main = now_and_main
    main, now = as_zoo(main, ["base"]), as_zoo(now, ["nano", "base"])
    confusion = now["models"][1]["accuracy"]["confusion"]
    now["models"][1]["accuracy"]["confusion"] = [row[-1:] + row[:-1] for row in confusion]
    now["models"][1]["accuracy"]["top1"] -= 0.5
    verdict = judge(now, DEFAULT, main)
    found = {check.model: check.status for check in verdict.checks}
    assert found == {"base-fer2013_int8": Status.failed, "nano-fer2013_int8": Status.skipped}
    assert "new, not in main.json: nano-fer2013_int8" in verdict.notes


def test_a_gate_that_compared_nothing_does_not_pass(now_and_main):
    now, main = now_and_main
    main, now = as_zoo(main, ["base"]), as_zoo(now, ["nano"])
    for one, digest in ((main, "1"), (now, "2")):
        one["models"][0] |= {"sha256": digest * 64}
    now["models"][0]["path"] = "nano.tflite"
    verdict = judge(now, DEFAULT, main)
    assert not verdict.passed
    assert verdict.vacuous.startswith("nothing of results.json was compared with main.json")
    assert "results.json lacks models of main.json: fer2013_int8" in verdict.notes
    assert judge(now, DEFAULT, main, allow_new=True).passed


def test_rules_that_check_nothing_do_not_pass(now_and_main):
    verdict = judge(now_and_main[0], SLOWER)
    assert not verdict.passed and "nothing of results.json was checked" in verdict.vacuous
    assert judge(now_and_main[0], SLOWER, allow_new=True).passed


def test_a_new_model_needs_leave(now_and_main):
    now, main = now_and_main
    del main["models"][3]
    with pytest.raises(InputError, match=r"no model fer2013_int8.*--allow-new"):
        judge(now, SLOWER, main)
    assert judge(now, SLOWER, main, allow_new=True).count(Status.passed) == 1


@pytest.fixture
def now_and_main():
    return full_results(seed=2, images=200), full_results(seed=1, images=200)

"""Two devices of one machine end like one; in a process of its own, which has two devices."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, sys
from dataclasses import replace
from pathlib import Path

from fer_edge.training.load_tensorflow import load_tensorflow

load_tensorflow()
import tensorflow as tf

two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
sys.path.insert(0, sys.argv[1])
from test_trainer import job, net

from fer_edge.training import distribution, trainer

out = Path(sys.argv[2])
one = trainer.fit(net(), replace(job(out / "one"), ema=0.9))
with distribution.scope(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])):
    replicas = distribution.current().count
    both = trainer.fit(net(), replace(job(out / "two"), ema=0.9))
print(json.dumps([replicas, one, both]))
"""


@pytest.mark.slow
def test_two_devices_end_like_one(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(tmp_path)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    replicas, one, both = json.loads(done.stdout.splitlines()[-1])
    assert replicas == 2
    for row, expected in zip(both, one, strict=True):
        assert row["loss"] == pytest.approx(expected["loss"], abs=1e-5)
        assert row["val_top1_fer2013"] == pytest.approx(expected["val_top1_fer2013"], abs=0.05)

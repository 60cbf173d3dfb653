"""Data-parallel training over workers and GPUs with TensorFlow's distribution strategies.

Every replica trains on its part of the global batch. Gradients are summed, and variables updated by
layers themselves (BatchNorm statistics, ranges of quantization-aware training) are averaged over
the replicas in every step. All workers therefore always have equal variables, and only the chief
evaluates, saves and exports.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from device.errors import InputError
from fer_edge.data.augment import Columns
from fer_edge.training.cluster import ALONE, Cluster
from fer_edge.training.load_tensorflow import load_tensorflow


@cache
def strategy(cluster: Cluster) -> Any:
    """Return the strategy of this process; None for one device on one machine.

    MultiWorkerMirroredStrategy for a cluster, MirroredStrategy for several GPUs. The strategy must
    be created before TensorFlow's first operation; creating it waits for the other workers.
    """
    load_tensorflow()
    import tensorflow as tf

    if cluster != ALONE:
        return tf.distribute.MultiWorkerMirroredStrategy()
    if len(tf.config.list_physical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return None


@contextmanager
def scope(chosen: Any) -> Iterator[None]:
    """Create variables under a strategy within the block; None for no strategy.

    Keras layers declare how replicas aggregate their updates of a variable; the layers of the
    optimization toolkit do not, so their floating-point variables use the mean.
    """
    import tensorflow as tf

    if chosen is None:
        yield
        return

    def with_mean(create: Callable[..., Any], **settings: Any) -> Any:
        kind = settings.get("dtype")
        if kind is None or tf.as_dtype(kind).is_floating:
            if settings.get("synchronization") == tf.VariableSynchronization.ON_READ:
                settings["synchronization"] = tf.VariableSynchronization.ON_WRITE
            if settings.get("aggregation") in (None, tf.VariableAggregation.NONE):
                settings["aggregation"] = tf.VariableAggregation.MEAN
        return create(**settings)

    with chosen.scope(), tf.variable_creator_scope(with_mean):
        yield


@dataclass(frozen=True)
class Replicas:
    """Replicas of the strategy in whose scope a training runs.

    Attributes:
        strategy: TensorFlow's strategy.
        rank: index of this worker.
        workers: number of workers.
    """

    strategy: Any
    rank: int
    workers: int

    @property
    def is_chief(self) -> bool:
        """Whether this worker evaluates and writes files."""
        return self.rank == 0

    @property
    def count(self) -> int:
        """Number of replicas over all workers."""
        return int(self.strategy.num_replicas_in_sync)

    @property
    def columns(self) -> Columns:
        """Columns of a batch that this worker processes."""
        return Columns(self.rank, self.workers)

    def check(self, batch: int) -> None:
        """Check that a global batch is divisible by the number of replicas.

        Raises:
            InputError: it is not.
        """
        if batch % self.count:
            raise InputError(
                f"train.batch = {batch} is the global batch size and must be divisible by the "
                f"{self.count} replicas: set train.batch to a multiple of {self.count}"
            )

    def split(self, x: Any, targets: Sequence[Any]) -> tuple[Any, Any]:
        """Split a worker's part of a batch over its devices."""
        local = self.count // self.workers
        if local == 1:
            return x, targets

        def of(context: Any) -> Any:
            at = context.replica_id_in_sync_group % local
            return x[at::local], tuple(target[at::local] for target in targets)

        return self.strategy.experimental_distribute_values_from_function(of)

    def run(self, step: Callable[[Any, Any], Any], x: Any, targets: Any) -> Any:
        """Run a step on every replica, inside a graph.

        Args:
            step: function that returns the replica's part of the loss.
            x: images, from `split`.
            targets: targets, from `split`.

        Returns:
            The sum over all replicas.
        """
        import tensorflow as tf

        if self.count == 1:
            return step(x, targets)
        found = self.strategy.run(step, args=(x, targets))
        return self.strategy.reduce(tf.distribute.ReduceOp.SUM, found, axis=None)

    def copy_from_chief(self, variables: Sequence[Any]) -> None:
        """Set variables to the chief's values on all workers."""
        import tensorflow as tf

        if self.workers == 1:
            return
        chief = self.is_chief

        @tf.function
        def summed(values: list[Any]) -> Any:
            def share(given: list[Any]) -> Any:
                context = tf.distribute.get_replica_context()
                first = context.replica_id_in_sync_group == 0
                own = [tf.where(first & chief, v, tf.zeros_like(v)) for v in given]
                return context.all_reduce(tf.distribute.ReduceOp.SUM, own)

            return self.strategy.run(share, args=(values,))

        by_type: dict[Any, list[Any]] = {}  # one reduction handles values of one type
        for variable in variables:
            by_type.setdefault(variable.dtype, []).append(variable)
        for group in by_type.values():
            found = summed([tf.convert_to_tensor(variable.numpy()) for variable in group])
            for variable, value in zip(group, found, strict=True):
                variable.assign(self.strategy.experimental_local_results(value)[0])


def current() -> Replicas:
    """Return the replicas of the strategy in whose scope this is called."""
    import tensorflow as tf

    chosen = tf.distribute.get_strategy()
    resolver = chosen.cluster_resolver
    if resolver is None or not resolver.cluster_spec().as_dict():
        return Replicas(chosen, 0, 1)
    from fer_edge.training import cluster

    found = cluster.from_environment()
    return Replicas(chosen, found.rank, len(found.addresses))

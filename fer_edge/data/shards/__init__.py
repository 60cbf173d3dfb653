"""Training images in TFRecord shards, for sets larger than memory.

A folder of shards contains `train-*.tfrecord` with the training images, `leaked-*.tfrecord` with
training images that are also in val or test, `held_out.npz` with val and test, and `index.json`.
"""

"""Unsupervised domain adaptation of a trained model to unlabeled faces of its deployment site."""

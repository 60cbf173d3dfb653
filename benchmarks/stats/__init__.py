"""Statistics: bootstrap, interval estimates, proportions."""

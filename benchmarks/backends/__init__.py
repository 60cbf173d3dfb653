"""The runtimes that execute a model, each in a process of its own where it needs one."""

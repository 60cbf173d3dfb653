"""The runtimes that execute a model, in separate processes where necessary."""

"""The machine that measures: hardware, load, interference, memory."""

"""The machine that a measurement is made on: hardware, load, disturbances, memory."""

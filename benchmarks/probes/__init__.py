"""Optional measurements: cold start, operators, peak throughput, a camera frame, the run loop."""

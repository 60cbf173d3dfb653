"""One measuring session: configurations, interleaved rounds, optional probes, results."""

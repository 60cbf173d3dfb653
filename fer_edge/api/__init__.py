"""What `fer_edge` exports: models, tracking, training, compression, benchmarks."""

"""What runs inside the child processes: fork server, feeder, workers, baseline, collector."""

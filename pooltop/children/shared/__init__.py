"""What the workers share, as the workload's code sees it: the names and methods of `multiprocessing`'s."""

"""What a workload is: finding it, importing it, its options, where its items come from."""

"""The gallery: one file a workload, written as a user would write their own."""

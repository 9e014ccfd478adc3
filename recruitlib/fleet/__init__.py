"""The fleet: the runs of many municipalities, on the workers of Dask distributed."""

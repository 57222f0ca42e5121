"""Who runs it, and when? Batches, the Dask cluster, the children that call user code, progress and cancel."""

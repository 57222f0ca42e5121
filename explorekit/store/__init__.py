"""Where do results live? The study directory, its shards, the lazy reader, provenance and netCDF export."""

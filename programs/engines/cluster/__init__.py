"""Any engine on the workers of a Dask cluster; what imports Dask is imported when a cluster is used."""

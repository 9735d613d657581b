"""Table Storage: the only place that imports `azure.data.tables`."""

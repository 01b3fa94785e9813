"""Reports: scheduled by a request, made and mailed by the worker."""

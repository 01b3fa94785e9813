"""Obtains what the native run needs and this machine lacks, into the cache folder.

obtain    what is missing, side by side       cache    nothing half done, one run at a time
debian    Prometheus and Alertmanager         go_module  Jaeger and the linters
relocate  makes Alertmanager run from there   command  child processes that end with us
"""

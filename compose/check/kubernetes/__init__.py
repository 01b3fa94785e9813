"""The Kubernetes objects of alerts/ and dashboards/, judged by their published schemas.

checking   every object: known, every field known, within the API server's sizes
schemas    the schemas as they are committed, one file for each kind
published  where they come from: `python -m compose.check.kubernetes.published` writes them anew
trimming   what is left of a published schema: no prose, no unknown field, no part twice
"""

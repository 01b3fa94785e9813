"""May this user do this to that resource: one answer, through caches that cannot lie.

`service` asks `l1` (in-process), which asks `l2` (Redis), which asks `evaluator` (PostgreSQL).
`epoch` tells both caches whether what they hold is known to be current.
"""

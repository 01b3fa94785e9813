"""The SQL of batches of users: their leases and checkpoints, and what is done to each user.

`app.batches` runs it, nobody else. Every write to a batch that is in hand asks for its `attempt`:
who was taken for dead and is not finds that the number has moved on.
"""

from typing import Final

REGISTER: Final = """
    INSERT INTO user_batches (id, operation, recipient, of_directory, requested_by,
                              idempotency_key, request_hash, carrier, users_total)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb,
            CASE WHEN $4 THEN (SELECT count(*) FROM directory_users) ELSE 0 END)
    ON CONFLICT (requested_by, idempotency_key) DO NOTHING RETURNING id
"""
SAME_KEY: Final = """
    SELECT id, request_hash = $3 AS same_request FROM user_batches
    WHERE requested_by = $1 AND idempotency_key = $2
"""
ADD_USERS: Final = """
    WITH added AS (
        INSERT INTO user_batch_users (batch_id, user_id)
        SELECT $1, user_id FROM unnest($2::text[]) AS given (user_id)
        ON CONFLICT DO NOTHING RETURNING true
    )
    UPDATE user_batches SET users_total = users_total + (SELECT count(*) FROM added) WHERE id = $1
"""
_CLAIMED: Final = """
    UPDATE user_batches AS claimed SET status = 'running', attempt = attempt + 1,
        fruitless = fruitless + 1, lease_until = now() + make_interval(secs => $1),
        checkpoint_at = CASE status WHEN 'queued' THEN now() ELSE checkpoint_at END
    FROM ready WHERE claimed.id = ready.id
    RETURNING claimed.id, operation, recipient, of_directory, requested_by, carrier::text, attempt,
        fruitless, cancel_requested, position, users_total, users_done, users_failed
"""
_READY: Final = """
    status IN ('queued', 'running') AND COALESCE(lease_until, created_at) <= now()
"""
CLAIM_NEXT: Final = f"""
    WITH ready AS (
        SELECT id FROM user_batches WHERE {_READY}
        ORDER BY COALESCE(lease_until, created_at) LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    {_CLAIMED}
"""  # noqa: S608  # constants of this module
CLAIM_ONE: Final = f"""
    WITH ready AS (SELECT id FROM user_batches WHERE {_READY} AND id = $2 FOR UPDATE)
    {_CLAIMED}
"""  # noqa: S608  # as above
_HELD: Final = "WHERE id = $1 AND attempt = $2 AND status = 'running'"
RENEW: Final = f"""
    UPDATE user_batches SET lease_until = now() + make_interval(secs => $3) {_HELD}
    RETURNING true
"""  # noqa: S608  # as above
CHECKPOINT: Final = f"""
    UPDATE user_batches SET position = $3, users_done = $4, users_failed = $5, fruitless = 0,
        checkpoint_at = now(), lease_until = now() + make_interval(secs => $6)
    {_HELD} RETURNING cancel_requested
"""  # noqa: S608  # as above
ADD_FAILURES: Final = """
    INSERT INTO user_batch_failures (batch_id, user_id, error_type)
    SELECT $1, user_id, error_type
    FROM unnest($2::text[], $3::text[]) AS failed (user_id, error_type)
    ON CONFLICT DO NOTHING
"""
OLDEST_CHECKPOINT: Final = """
    SELECT COALESCE(max(extract(epoch FROM now() - COALESCE(checkpoint_at, created_at))), 0)::float8
    FROM user_batches WHERE status = 'running'
"""
FINISH: Final = f"""
    UPDATE user_batches SET status = $3, error_type = $4, finished_at = now(), lease_until = NULL
    {_HELD} RETURNING id
"""  # noqa: S608  # as above
DROP_USERS: Final = "DELETE FROM user_batch_users WHERE batch_id = $1"
HAND_BACK: Final = f"""
    UPDATE user_batches SET status = 'queued', fruitless = 0, lease_until = NULL
    {_HELD} RETURNING id
"""  # noqa: S608  # as above
FORGIVE: Final = f"UPDATE user_batches SET fruitless = greatest(0, fruitless - 1) {_HELD}"  # noqa: S608  # as above
CANCEL: Final = """
    UPDATE user_batches SET cancel_requested = true,
        status = CASE status WHEN 'queued' THEN 'cancelled' ELSE status END,
        finished_at = CASE status WHEN 'queued' THEN now() END
    WHERE id = $1 AND requested_by = $2 AND status IN ('queued', 'running')
    RETURNING status, operation
"""
STATUS: Final = """
    SELECT id, operation, status, users_total, users_done, users_failed, cancel_requested,
        error_type, created_at, checkpoint_at, finished_at
    FROM user_batches WHERE id = $1 AND requested_by = $2
"""
FAILURES_PAGE: Final = """
    SELECT user_id, error_type FROM user_batch_failures
    WHERE batch_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3
"""
NAMED_PAGE: Final = """
    SELECT user_id FROM user_batch_users
    WHERE batch_id = $3 AND user_id > $1 ORDER BY user_id LIMIT $2
"""
DIRECTORY_PAGE: Final = """
    SELECT user_id FROM directory_users WHERE user_id > $1 ORDER BY user_id LIMIT $2
"""

# A user with millions of grants is taken out in several transactions, each of a bounded size.
REMOVE_GRANTS: Final = """
    DELETE FROM grants WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM grants WHERE user_id = $1 LIMIT $2 FOR UPDATE
    )) RETURNING resource, action
"""
REMOVE_MEMBERSHIPS: Final = """
    DELETE FROM group_members WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM group_members WHERE user_id = $1 LIMIT $2 FOR UPDATE
    )) RETURNING group_id
"""
REMOVE_FROM_DIRECTORY: Final = "DELETE FROM directory_users WHERE user_id = $1 RETURNING true"

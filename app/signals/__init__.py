"""The service's own signals: plain declarations, the only place that names them.

A module for each part of the service, all of them one namespace: `signals.CHECK_DURATION`. What
HTTP, databases, messaging and the runtime have in common is in `telemetry.catalog`.
"""

# ruff: noqa: F403  # what a star is for: a package that gives on all that its modules declare

from typing import Final

from app.signals import (
    access,
    audit,
    authorization,
    caches,
    imports,
    mail,
    queues,
    reports,
    user_batches,
)
from app.signals.access import *
from app.signals.audit import *
from app.signals.authorization import *
from app.signals.caches import *
from app.signals.imports import *
from app.signals.mail import *
from app.signals.queues import *
from app.signals.reports import *
from app.signals.service import *
from app.signals.user_batches import *
from telemetry.catalog.declarations import Metric

METRICS: Final[tuple[Metric, ...]] = (
    authorization.CHECK_DURATION,
    caches.CACHE_LOOKUPS,
    caches.CACHE_FILLS,
    caches.CACHE_LOAD_DURATION,
    caches.CACHE_BREAKER,
    caches.CACHE_ENTRIES,
    authorization.GRANT_CHANGES,
    authorization.RELATION_CHANGES,
    authorization.GRAPH_LIMITS_EXCEEDED,
    authorization.CHECK_BATCH_SIZE,
    caches.EPOCH_AGE,
    caches.EPOCH_MOVES,
    reports.REPORTS_FINISHED,
    reports.REPORT_DELIVERY_TIME,
    queues.QUEUE_DEPTH,
    queues.QUEUE_AGE,
    queues.LEASES_LOST,
    queues.LEASES_EXPIRED,
    queues.DEAD_LETTERS,
    reports.REPORTS_REPLAYED,
    reports.SCHEDULE_RUNS,
    reports.RECIPIENTS_FORGOTTEN,
    mail.MAIL_FINISHED,
    access.REFUSALS,
    access.CONNECTIONS,
    access.KEYS_AGE,
    audit.AUDIT_SEALED,
    audit.AUDIT_LAG,
    audit.AUDIT_SEALING_TIME,
    audit.AUDIT_FAILURES,
    imports.IMPORT_ROWS_READ,
    imports.IMPORT_BATCH_DURATION,
    imports.IMPORT_CHECKPOINT_AGE,
    imports.IMPORTS_FINISHED,
    user_batches.BATCH_USERS,
    user_batches.USER_BATCH_CHECKPOINT_AGE,
    user_batches.BATCH_DURATION,
)
ATTRIBUTES: Final = (
    *(label.attribute for metric in METRICS for label in metric.labels),
    authorization.SUBJECT_HASH,
    reports.TASK_ID,
    reports.SCHEDULE_ID,
    reports.ATTEMPT,
    reports.GRANTS,
    reports.RETRY_SECONDS,
    mail.SMTP_REPLY_CODE,
    audit.ENTRIES,
    imports.IMPORT_ID,
    imports.IMPORT_BYTES,
    imports.IMPORT_ROWS,
    imports.IMPORT_REJECTED,
    user_batches.BATCH_SIZE,
    user_batches.USER_BATCH_OUTCOME.attribute,
    user_batches.USER_BATCH_ID,
    user_batches.USER_BATCH_OPERATION,
    user_batches.USER_BATCH_DONE,
    user_batches.USER_BATCH_FAILED,
)
"""What may leave in spans and log lines beside `telemetry.catalog`'s; anything else is dropped."""

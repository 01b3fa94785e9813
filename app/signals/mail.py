"""The outbox's mails, the last step of a report; `app.reports.mailer` and `.mail` emit them."""

from typing import Final

from telemetry.catalog.declarations import Counter, Event, Label, Span, SpanKind

MAIL_OUTCOME: Final = Label("mail.outcome", ("sent", "retried", "dead", "cancelled"))

SMTP_REPLY_CODE: Final = "smtp.reply.code"

MAIL_FINISHED: Final = Counter(
    name="mail.deliveries",
    unit="{mail}",
    description="Attempts to hand a mail to the mail server, by outcome.",
    labels=(MAIL_OUTCOME,),
)

ENQUEUE_MAIL: Final = Span(
    "send mail", SpanKind.PRODUCER, "The report's mail is put in the outbox."
)
PROCESS_MAIL: Final = Span(
    "process mail", SpanKind.CONSUMER, "A mail of the outbox is delivered; linked to its job."
)
SMTP_SEND: Final = Span("smtp.send", SpanKind.CLIENT, "The mail is handed to the mail server.")

MAIL_SENT: Final = Event("mail.sent", "The mail server took a mail.")
MAIL_FAILED: Final = Event(
    "mail.failed", "The mail server did not take a mail, or that it did could not be recorded."
)

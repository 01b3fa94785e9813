"""The audit trail: who did what, on record with the change itself, and chained so it stays so."""

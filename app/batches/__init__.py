"""Batches: processing many users within bounds, and bulk ingestion with checkpoints."""

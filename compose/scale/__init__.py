"""Configuration for more than one machine: the files of docs/load.md, each checked by a test."""

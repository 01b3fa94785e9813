"""The service: authorization decisions and reports for a fintech back end."""

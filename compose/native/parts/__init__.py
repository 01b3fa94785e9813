"""One module a part: from the run's plan to its command, environment, readiness and stop."""

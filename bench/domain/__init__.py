"""The service's own comparisons: checks, their cost as grants grow, and the queue."""

"""What people read of the API: `/openapi.json`, and `/docs`, which shows the same as a page."""

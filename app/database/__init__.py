"""The database: the pool, the migrations and the service's SQL."""

"""HTTP: the URL table, and how requests are read, authenticated and answered."""

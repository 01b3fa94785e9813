"""Who may call: API keys, their roles, and how often each may ask."""

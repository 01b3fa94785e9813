"""The applications under load: the same handlers, wrapped differently."""

"""One attempt as an engineer holds it: the session, and the supervisor that watches its jobs."""

"""What the agent loop itself costs, beside Inspect AI and bare pydantic-ai, and ten attempts at once beside one."""

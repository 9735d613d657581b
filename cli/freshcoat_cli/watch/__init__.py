"""Following a rollout or a task until its end."""

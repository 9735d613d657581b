"""What people see of one rollout: its hosts, what each waits for, its people."""

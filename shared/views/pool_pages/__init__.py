"""What people see of one pool before they update it: the versions to choose from, and what is kept."""

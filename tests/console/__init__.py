"""How the web console is served."""

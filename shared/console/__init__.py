"""How the web console is served: what a path names, in which encoding it is sent, and under which headers. Pure."""

"""The durable orchestrations: plain generators, each a table of contents; registered in `registration`."""

"""The durable orchestrations: plain generators that list their steps, registered in `registration`."""

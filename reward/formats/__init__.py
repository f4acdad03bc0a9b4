"""Files of comparisons made elsewhere: read by their shape, and written for other tools."""

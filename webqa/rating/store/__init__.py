"""Where ratings are kept, and who is given what: the database, its people, and the queue."""

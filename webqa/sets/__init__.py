"""Question sets as they are published, read as a stream of questions; one module for a family."""

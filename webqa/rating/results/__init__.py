"""What came of campaigns: figures for those who look after them, and files to learn from."""

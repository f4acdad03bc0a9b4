"""The rating page: people compare answers, or browse and answer themselves. Imports nothing."""

"""One module for each group of pages: a function takes a read-only connection and an Ask, and gives an Answer."""

"""What the Hub says: the walk, the records, the documents and their history. Never imports `index`."""

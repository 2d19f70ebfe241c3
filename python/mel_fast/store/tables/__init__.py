"""The database: its tables and migrations, transactions, and the two layouts of weights."""

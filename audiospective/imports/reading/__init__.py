"""What all sources share: rows of JSON and tables, values of unsure types, times, raw rows."""

"""Reports: everything that can be said of a week, a month, a year, a range of days, or all time."""

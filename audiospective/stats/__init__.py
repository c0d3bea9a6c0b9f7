"""Statistics: functions of a frame of plays; they ask the database for nothing but names."""

"""What is wrong with a setting, in words that follow its name; None when nothing is."""

"""Every play: searched, paged, looked at one by one, deleted and brought back."""

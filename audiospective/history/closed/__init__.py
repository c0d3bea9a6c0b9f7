"""Closed years: segments whose bytes stand in storage instead of in their rows.

`objects` reads them, `moving` takes them there and back, `prefix` keeps instances apart, `sweeping`
removes what nothing refers to, `away` says which years cannot be read just now.
"""

"""Columns of a block: each form of values packed into few bytes.

Every column has a form that nearly all values fit. A value that does not fit is written as unknown
there and in full beside the columns (encode.py), so no fact is ever bent to a form.
"""

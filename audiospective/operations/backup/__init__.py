"""A copy of a whole instance in one file, and an instance made of such a file.

docs/operations.md describes both for operators, the modules here the form of the file.
"""

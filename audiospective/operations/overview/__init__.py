"""What whoever runs the server looks at: sums and states, nothing that anybody listened to.

Each module answers one question by a bounded number of statements; the operations page and
/metrics both ask here, so they never differ.
"""

"""E-mails: which kinds there are, who is owed one, what it says, and how it leaves the outbox."""

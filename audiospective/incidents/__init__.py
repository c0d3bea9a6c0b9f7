"""What an outage, a refusal and a mass failure are, and when each began."""

"""What a conversation is and how a question becomes a prompt; pure functions and frozen records."""

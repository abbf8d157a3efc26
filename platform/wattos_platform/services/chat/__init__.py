"""chat: conversations, the questions asked in them and the answers, stored before and after the model speaks."""

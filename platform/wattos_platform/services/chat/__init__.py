"""chat: conversations, their questions and answers, each stored before and after the model speaks."""

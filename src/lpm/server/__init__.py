"""An OpenAI-compatible server in which every user is remembered."""

"""The Hub: what is fetched from it and sent to it."""

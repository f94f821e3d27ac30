"""The people in an item: what they say about it, and the sessions in which they work on it together."""

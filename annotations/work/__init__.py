"""Work in a project: who gets which item, how far people agree, and how well they do."""

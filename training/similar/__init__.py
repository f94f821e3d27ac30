"""More like this: points that stand for pictures, kept up and compared."""

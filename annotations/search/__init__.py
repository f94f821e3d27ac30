"""Items by what was drawn, said and set about them."""

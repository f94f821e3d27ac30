"""Help while labelling: what a program proposes, as suggestions that a person accepts, adjusts or refuses."""

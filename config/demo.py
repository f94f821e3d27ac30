"""The demo."""


def make_if_empty(say):
    return None

"""Lists in settings."""


def split_list(value: str) -> tuple[str, ...]:
    """Return the items of a list that is separated by commas, white space, or both."""
    return tuple(value.replace(",", " ").split())

"""Calendar feeds: the sessions of a person, a place or a group as iCalendar files."""

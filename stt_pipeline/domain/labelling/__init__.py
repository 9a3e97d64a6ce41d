"""Which calls people write down, and what that says of the week. Exports and imports no file."""

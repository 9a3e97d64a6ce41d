"""Who speaks in a call, and on which channel. Hears nobody."""

SPEAKERS = ("agent", "customer")


def parse_sides(text: str) -> tuple[str, str]:
    """Who is on the left and who on the right channel, as STT_CHANNELS writes it.

    Raises ValueError, whose words say how to write it.
    """
    sides = dict(part.strip().split("=", 1) for part in text.split(",") if "=" in part)
    if set(sides) != {"left", "right"} or set(sides.values()) != set(SPEAKERS):
        raise ValueError("write left=agent,right=customer, or the other way round")
    return sides["left"], sides["right"]

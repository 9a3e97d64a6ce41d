"""When, where and for how much: capacity, shards, ticks, forecast, fallback. Launches nothing."""

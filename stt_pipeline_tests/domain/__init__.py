"""The domain ring: pure rules, without disk, network, model or clock."""

"""Layout: placement, routing, timing, power and pictures; one driver per tool."""

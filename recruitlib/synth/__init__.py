"""An invented ward: registry, protective measures and applications of people who do not exist."""

"""The client's side: models that train for some local cycles, a simulated radio, a ClientApp."""

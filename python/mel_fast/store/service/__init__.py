"""The store over HTTP: GraphQL, downloads with ranges, and the two clients."""

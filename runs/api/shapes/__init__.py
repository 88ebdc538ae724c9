"""The shapes of bodies and answers, as JSON Schema: what the API checks is what its OpenAPI says."""

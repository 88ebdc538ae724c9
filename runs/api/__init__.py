"""The HTTP API: one file a noun, every answer and every refusal in JSON (contract, section 5)."""

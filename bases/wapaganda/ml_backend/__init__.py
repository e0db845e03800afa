"""The ML-backend server."""

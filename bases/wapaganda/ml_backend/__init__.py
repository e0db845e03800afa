"""The ML-backend server: Label Studio's protocol in front of the models and the loop."""


def main() -> int:
    """Run the command ``ml-backend``."""
    from wapaganda.ml_backend.cli import main as run

    return run()


__all__ = ["main"]

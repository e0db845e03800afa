"""Runs a function in several processes on Ray Data, on this machine or on a cluster (the extra ``ray``)."""

from wapaganda.ray_engine.engine import EngineError, RayEngine

__all__ = ["EngineError", "RayEngine"]

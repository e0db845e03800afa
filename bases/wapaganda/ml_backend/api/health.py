"""GET /health: whether the server is alive; the only endpoint without user and password."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

router = APIRouter()


class HealthResponse(BaseModel):
    """Alive."""

    model_config = ConfigDict(protected_namespaces=())
    status: str = "UP"
    model_class: str = "wapaganda"


@router.get("/health")
async def health() -> HealthResponse:
    """Answer from memory, even while models load and trainings run."""
    return HealthResponse()

"""GET /versions: the model versions on disk."""

from pydantic import BaseModel

from wapaganda.ml_backend.project_id import project_ref
from wapaganda.ml_backend.route import ServicesOf, guarded_router

router = guarded_router()


class VersionsResponse(BaseModel):
    """The model versions on disk."""

    versions: list[str]


@router.get("/versions")
async def versions(services: ServicesOf, project: str | None = None) -> VersionsResponse:
    """The model versions, from memory: of one project, or of all (Label Studio does not say which it
    means).
    """
    asked = project_ref(project) if project is not None else None
    wanted = None if project is None else [asked.key] if asked else []
    return VersionsResponse(versions=list(services.models.versions(wanted)))

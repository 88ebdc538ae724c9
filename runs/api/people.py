"""Endpoints of oneself, projects, members and groups."""

from collections.abc import Mapping

from django.conf import settings
from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from governance import access, accounts, people
from governance.models import Group, Membership, Project, User
from governance.refusals import NotFound
from runs import launch
from runs.api import load
from runs.api.operations import Resource, nothing, operation
from runs.api.pages import PAGE, check_cursor, page
from runs.api.shapes import people as shapes
from runs.api.shapes.basics import page_of
from runs.api.shown import show_time


class Me(Resource):
    @operation("Show who you are and your projects", answers={200: "Me"})
    def get(self, request):
        user = request.user
        return Response(
            {
                "user": {
                    "username": user.username,
                    "name": user.name,
                    "email": user.email,
                    "staff": user.is_staff,
                },
                "projects": [
                    {"slug": project.slug, "name": project.name, "roles": roles}
                    for project, roles in access.projects_of(user, load.token(request))
                ],
            }
        )


class Projects(Resource):
    @operation("List your projects", answers={200: page_of("Project")}, query=PAGE)
    def get(self, request):
        asked = self.query()
        rows = request.user.memberships.select_related("project").order_by("-project_id")
        if load.scope(request) is not None:
            rows = rows.filter(project_id=load.scope(request))
        if keys := check_cursor(asked["cursor"], int):
            rows = rows.filter(project_id__lt=keys[0])
        return Response(page(request, rows, asked["limit"], lambda row: [row.project_id], show_projects))

    @operation(
        "Make a project; you become its admin",
        body=shapes.NEW_PROJECT,
        answers={201: "Project"},
        refusals=(403, 409),
    )
    def post(self, request):
        access.require_staff(request.user, load.token(request))
        asked = self.body()
        project = people.create_project(asked["slug"], asked.get("name", asked["slug"]), request.user)
        return Response(show_project(project, ["admin"]), status=201)


class OneProject(Resource):
    @operation("Show a project", answers={200: "Project"})
    def get(self, request, project):
        found = load.project(request, project, "read")
        return Response(show_project(found, sorted(found.roles_of(request.user))))

    @operation(
        "Rename a project, or limit how many of its runs work at once",
        body=shapes.CHANGED_PROJECT,
        answers={200: "Project"},
        refusals=(403,),
    )
    def patch(self, request, project):
        found = load.project(request, project, "administer")
        asked = self.body()
        if "name" in asked:
            people.rename_project(found, asked["name"], request.user)
        if "max_running_runs" in asked:
            launch.limit_runs(found, asked["max_running_runs"], request.user)
        return Response(show_project(found, sorted(found.roles_of(request.user))))


class Members(Resource):
    @operation("List the members", answers={200: page_of("Member")}, query=PAGE)
    def get(self, request, project):
        found, asked = load.project(request, project, "read"), self.query()
        rows = found.memberships.select_related("user").order_by("-id")
        if keys := check_cursor(asked["cursor"], int):
            rows = rows.filter(id__lt=keys[0])
        return Response(page(request, rows, asked["limit"], lambda row: [row.id], show_members))

    @operation(
        "Add a member or set their roles",
        body=shapes.NEW_MEMBER,
        answers={200: "NewMember", 201: "NewMember"},
        refusals=(403, 409),
    )
    def post(self, request, project):
        found = load.project(request, project, "administer")
        asked = self.body()
        with transaction.atomic():
            user, link = member_named(request, asked)
            created = not found.memberships.filter(user=user).exists()
            membership = people.add_member(found, user, asked["roles"], request.user)
        answer = {**show_member(membership), "sign_in_link": link and link_address(request, link)}
        return Response(answer, status=201 if created else 200)


class OneMember(Resource):
    @operation("Remove a member", answers={204: None}, refusals=(403, 409))
    def delete(self, request, project, user):
        found = load.project(request, project, "administer")
        membership = found.memberships.select_related("user").filter(user__username=user).first()
        if membership is None:
            raise NotFound(f"{user!r} is no member of this project.")
        people.remove_member(found, membership.user, request.user)
        return nothing()


class Groups(Resource):
    @operation("List the groups", answers={200: page_of("Group")}, query=PAGE)
    def get(self, request, project):
        found, asked = load.project(request, project, "read"), self.query()
        rows = Group.objects.filter(project=found).prefetch_related("members").order_by("-id")
        if keys := check_cursor(asked["cursor"], int):
            rows = rows.filter(id__lt=keys[0])
        return Response(page(request, rows, asked["limit"], lambda row: [row.id], show_groups))


class OneGroup(Resource):
    @operation("Show a group", answers={200: "Group"})
    def get(self, request, project, slug):
        return Response(show_group(group_of(load.project(request, project, "read"), slug)))

    @operation(
        "Set the members of a group",
        body=shapes.GROUP,
        answers={200: "Group", 201: "Group"},
        refusals=(403,),
    )
    def put(self, request, project, slug):
        found = load.project(request, project, "administer")
        asked = self.body()
        created = not Group.objects.filter(project=found, slug=slug).exists()
        group = people.put_group(found, slug, asked["members"], request.user)
        return Response(show_group(group), status=201 if created else 200)

    @operation("Delete a group", answers={204: None}, refusals=(403,))
    def delete(self, request, project, slug):
        people.delete_group(load.project(request, project, "administer"), slug, request.user)
        return nothing()


def member_named(request: Request, asked: Mapping) -> tuple[User, str | None]:
    """The user, and the secret part of a sign-in link where there was none of that name."""
    user = User.objects.filter(username=asked["user"]).first()
    if user is not None:
        return user, None
    access.require_staff(request.user, load.token(request))
    user = people.create_user(
        asked["user"], request.user, name=asked.get("name", ""), email=asked.get("email", "")
    )
    return user, accounts.make_link(user, request.user)


def group_of(project: Project, slug: str) -> Group:
    group = Group.objects.select_related("project").filter(project=project, slug=slug).first()
    if group is None:
        raise NotFound(f"There is no group {slug!r} in this project.")
    return group


def show_projects(rows: list[Membership]) -> list[dict]:
    return [show_project(row.project, row.roles) for row in rows]


def show_project(project: Project, roles: list[str]) -> dict:
    return {
        "slug": project.slug,
        "name": project.name,
        "roles": roles,
        "max_running_runs": project.max_running_runs,
        "created_at": show_time(project.created_at),
    }


def show_members(rows: list[Membership]) -> list[dict]:
    return [show_member(row) for row in rows]


def show_member(membership: Membership) -> dict:
    return {"user": membership.user.username, "name": membership.user.name, "roles": membership.roles}


def show_groups(groups: list[Group]) -> list[dict]:
    return [show_group(group) for group in groups]


def show_group(group: Group) -> dict:
    return {"slug": group.slug, "members": sorted(user.username for user in group.members.all())}


def link_address(request: Request, secret: str) -> str:
    """The address that signs in once. Behind a proxy only BATON_PUBLIC_URL knows it."""
    path = f"/sign-in/{secret}/"
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)

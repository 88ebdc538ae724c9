"""Projects, their members and groups: the verbs. Whether somebody may is asked in governance.access before."""

import re
import unicodedata
from collections.abc import Iterable

from django.db import IntegrityError, transaction

from governance import audit, schemas
from governance.access import SLUG
from governance.models import Group, Membership, Project, User
from governance.models.projects import ROLES
from governance.refusals import Conflict, NotFound, Problem, Refused

MAX_NAME = 200
MAX_USERNAME = 150
USERNAME = re.compile(r"[A-Za-z0-9@.+_-]{1,150}")  # ASCII: no two of these look alike in another script
RESERVED = frozenset({audit.SYSTEM, "unknown", "baton"})


def create_project(slug: str, name: str, by: User | None) -> Project:
    """A new project with `by` as its first admin. Raises Refused for a slug or name that cannot be, Conflict."""
    _refuse_unfit_slug(slug)
    _refuse_unfit_name(name)
    try:
        with transaction.atomic():
            project = Project.objects.create(slug=slug, name=name or slug)
            if by is not None:
                Membership.objects.create(project=project, user=by, roles=["admin"])
            audit.record("project.create", f"project/{slug}", by, project, {"name": project.name})
    except IntegrityError as error:
        raise Conflict(f"There is a project {slug!r} already: choose another slug.") from error
    return project


def rename_project(project: Project, name: str, by: User | None) -> Project:
    """Gives the project another name. Raises Refused."""
    _refuse_unfit_name(name)
    with transaction.atomic():
        before, project.name = project.name, name
        project.save(update_fields=["name"])
        _record("project.rename", project, by, before=before, after=name)
    return project


def limit_runs(project: Project, most: int | None, by: User | None) -> Project:
    """So many runs of the project work at once from now on; None: any number. Who works already goes on."""
    with transaction.atomic():
        before, project.max_running_runs = project.max_running_runs, most
        project.save(update_fields=["max_running_runs"])
        _record("project.limit_runs", project, by, before=before, after=most)
    return project


def create_user(username: str, by: User | str | None, *, name: str = "", email: str = "") -> User:
    """A new person, who signs in by link until they set a password. Raises Refused, Conflict.

    People are told apart by their names, in reviewers, policies and the audit log: a new name is plain ASCII, and not
    one that is there in other capitals. Names from before that rule go on.
    """
    _refuse_unfit_username(username)
    like = User.objects.filter(username__iexact=username).values_list("username", flat=True).first()
    if like is not None:
        raise Conflict(f"There is a user {like!r} already: choose a name that differs by more than capitals.")
    try:
        with transaction.atomic():
            user = User(username=username, name=name[:MAX_NAME], email=email)
            user.set_unusable_password()
            user.save()
            audit.record("user.create", f"user/{username}", by, None)
    except IntegrityError as error:
        raise Conflict(f"There is a user {username!r} already.") from error
    return user


def _refuse_unfit_username(username: str) -> None:
    if username.lower() in RESERVED:
        raise Refused(
            [Problem("/user", f"{username!r} means Baton itself in the audit log: take another name.")]
        )
    if USERNAME.fullmatch(username):
        return
    sentence = f"A username has 1 to {MAX_USERNAME} characters of a-z, A-Z, 0-9 and @ . + - _."
    foreign = next((letter for letter in username if letter.isalnum() and not letter.isascii()), None)
    if foreign is not None:
        called = unicodedata.name(foreign, "another script").lower()
        sentence += f" {foreign!r} ({called}) is none of them: names that look alike must not be two people."
    raise Refused([Problem("/user", sentence)])


def add_member(project: Project, user: User, roles: Iterable[str], by: User | None) -> Membership:
    """Makes `user` a member with exactly `roles`. Raises Refused for unknown roles, Conflict for the last admin."""
    roles = _fitting_roles(roles)
    with transaction.atomic():
        _lock(project)
        membership = Membership.objects.filter(project=project, user=user).first()
        before = membership.roles if membership else []
        if "admin" not in roles:
            _refuse_last_admin(project, user)
        if membership is None:
            membership = Membership(project=project, user=user)
        membership.roles = roles
        membership.save()
        _record("member.set", project, by, user=user.username, before=before, after=roles)
    return membership


def remove_member(project: Project, user: User, by: User | None) -> None:
    """Ends a membership, also in the project's groups. Raises NotFound, Conflict for the last admin."""
    with transaction.atomic():
        _lock(project)
        membership = Membership.objects.filter(project=project, user=user).first()
        if membership is None:
            raise NotFound(f"{user.username!r} is no member of this project.")
        _refuse_last_admin(project, user)
        for group in Group.objects.filter(project=project, members=user):
            group.members.remove(user)
        membership.delete()
        _record("member.remove", project, by, user=user.username, before=membership.roles, after=[])


def put_group(project: Project, slug: str, usernames: Iterable[str], by: User | None) -> Group:
    """Makes the group, or gives it other members. Raises Refused where one is no member of the project."""
    _refuse_unfit_slug(slug)
    wanted = list(dict.fromkeys(usernames))
    members = {
        user.username: user for user in User.objects.filter(memberships__project=project, username__in=wanted)
    }
    missing = [
        Problem(f"/members/{index}", f"{username!r} is no member of this project: add them first.")
        for index, username in enumerate(wanted)
        if username not in members
    ]
    if missing:
        raise Refused(missing)
    with transaction.atomic():
        group, _ = Group.objects.get_or_create(project=project, slug=slug)
        before = sorted(group.members.values_list("username", flat=True))
        group.members.set(members.values())
        _record("group.set", project, by, group=slug, before=before, after=sorted(members))
    return group


def delete_group(project: Project, slug: str, by: User | None) -> None:
    """Removes the group. Raises NotFound."""
    with transaction.atomic():
        removed, _ = Group.objects.filter(project=project, slug=slug).delete()
        if not removed:
            raise NotFound(f"There is no group {slug!r} in this project.")
        _record("group.delete", project, by, group=slug)


def _fitting_roles(roles: Iterable[str]) -> list[str]:
    wanted = list(roles)
    problems = [
        Problem(f"/roles/{index}", f"There is no role {role!r}: choose from {', '.join(ROLES)}.")
        for index, role in enumerate(wanted)
        if role not in ROLES
    ]
    if not wanted:
        problems.append(Problem("/roles", f"A member needs at least one role of {', '.join(ROLES)}."))
    if problems:
        raise Refused(problems)
    return [role for role in ROLES if role in wanted]


def _refuse_last_admin(project: Project, leaving: User) -> None:
    roles = {member.user_id: member.roles for member in project.memberships.all()}
    admins = {user for user, held in roles.items() if "admin" in held}
    if admins == {leaving.pk}:
        raise Conflict(f"{leaving.username!r} is the last admin of this project: make another one first.")


def _refuse_unfit_slug(slug: str) -> None:
    if not SLUG.match(slug):
        sentence = "A slug has 1 to 64 of the characters a-z, 0-9 and the hyphen."
        raise Refused([Problem("/slug", sentence, "invalid_slug")])


def _refuse_unfit_name(name: str) -> None:
    if len(name) > MAX_NAME or schemas.plain_problems(name):
        raise Refused([Problem("/name", f"A name is a text of up to {MAX_NAME} characters.")])


def _lock(project: Project) -> None:
    Project.objects.select_for_update(no_key=True).only("pk").get(pk=project.pk)


def _record(action: str, project: Project, by: User | None, **data: object) -> None:
    audit.record(action, f"project/{project.slug}", by, project, data)

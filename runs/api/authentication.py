"""Who asks: a bearer token, or the session of a page with its CSRF token."""

from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed

from governance import ids, origin, tokens
from governance.models import ApiToken, User

REFUSED = "The token is not valid."


class Bearer(TokenAuthentication):
    """`Authorization: Bearer TOKEN`. The digest is the key of the table: one query finds token, user, project."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        try:
            digest = hash_token(token.decode("ascii"))
        except UnicodeDecodeError as error:
            raise AuthenticationFailed(REFUSED) from error
        found = ApiToken.objects.select_related("user", "project").filter(digest=digest).first()
        if found is None or not found.user.is_active or is_over(found):
            raise AuthenticationFailed(REFUSED)
        tokens.used(found)
        origin.add(token=f"{ids.encode(found.id)} {found.name}".strip())
        return found.user, found


class Session(SessionAuthentication):
    """The cookie of a signed-in page; whatever changes something needs the CSRF token too."""


def is_over(token: ApiToken) -> bool:
    return token.expiry is not None and token.expiry <= timezone.now()

"""How often one may knock: for what mints or checks credentials."""

from rest_framework.throttling import SimpleRateThrottle

from runs import origins


class TokenCreation(SimpleRateThrottle):
    """Tokens made by one person."""

    scope = "token"
    rate = "30/min"

    def get_cache_key(self, request, view) -> str | None:
        if request.method != "POST" or request.user is None:
            return None
        return f"throttle-token-{request.user.pk}"


class SignIn(SimpleRateThrottle):
    """Sign-in links tried from one address. What a client says of itself (X-Forwarded-For) does not count, only what
    a proxy of ours says."""

    scope = "sign-in"
    rate = "30/min"

    def get_cache_key(self, request, view) -> str:
        return f"throttle-sign-in-{origins.address(request)}"

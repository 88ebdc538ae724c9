"""Every address, gathered from the apps."""

urlpatterns: list = []

"""What agents read up: the shop's help articles, and short records of studies."""

from registry.sample.corpus import record, searching

READING = {
    "/support/articles": searching("articles", most=3),
    "/support/articles/{name}": record("articles", "article"),
    "/studies": searching("studies"),
    "/studies/{name}": record("studies", "study"),
}

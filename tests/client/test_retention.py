"""Retention and erasing, as an administrator's program does them."""

from __future__ import annotations

import pytest
from psycopg.types.json import Jsonb

from sidecar.client import Forbidden, Invalid, Registry
from sidecar.provision.database import url_for
from tests.rows import Rows


@pytest.fixture
def admin(address, token, registries) -> Registry:
    return registries.enter_context(Registry(address, token("admin")))


@pytest.fixture
def directus_rows(stack, client_rows):
    """The sidecar's database as Directus, which writes templates."""
    url = stack.environment()["DIRECTUS_DATABASE_URL"]
    rows = Rows.connect(url_for(url, database=client_rows.connection.info.dbname))
    yield rows
    rows.connection.close()


@pytest.fixture
def rejected(directus_rows, registry, reviewer, project):
    """Three rejected versions of a project whose template archives such at once."""
    rule = Jsonb({"logo": {"retention": {"rejected": {"after_days": 0}}}})
    insert = "insert into project_templates (name, context_schema) values (%s, %s) returning id"
    template = directus_rows.value(insert, str(project.id), rule)
    directus_rows.run("update projects set template_id = %s where id = %s", template, project.id)
    versions = [registry.submit(project, "logo", number).version for number in range(3)]
    for version in versions:
        reviewer.reviews.reject(version, reason="Too thin.")
    return versions


def test_what_is_due_is_foretold_and_then_done_page_by_page(admin, rejected, registry, project):
    foretold = list(admin.retention.due(project, page=2))
    assert [registry.versions.get(version).status for version in rejected] == ["rejected"] * 3
    done = list(admin.retention.apply(project, page=2))

    assert [page.archived for page in foretold] == [page.archived for page in done] == [2, 1]
    assert done[0].rules[0].rule == "logo"
    assert [registry.versions.get(version).status for version in rejected] == ["archived"] * 3
    assert sum(page.archived for page in admin.retention.apply(project)) == 0


def test_a_version_is_erased_once_it_is_confirmed(admin, registry, project):
    version = registry.submit(project, "portrait", {"name": "Ida"}).version

    with pytest.raises(Invalid, match="confirm"):
        admin.retention.erase(version, "Request 17.")
    foretold = admin.retention.erase(version, "Request 17.", dry_run=True)
    assert registry.versions.get(version).value == {"name": "Ida"}
    done = admin.retention.erase(version, "Request 17.", confirm="portrait")

    assert [one.artifact_version_id for one in foretold.erased] == [one.artifact_version_id for one in done.erased]
    assert (registry.versions.get(version).value, registry.versions.get(version).erased_at is None) == (None, False)
    assert admin.retention.erase(version, "Request 17.", confirm=True).status == "already_erased"


def test_others_are_refused(reviewer, registry, project):
    version = registry.submit(project, "portrait", 1).version

    with pytest.raises(Forbidden):
        reviewer.retention.erase(version, "Request 17.", confirm=True)
    with pytest.raises(Forbidden):
        next(reviewer.retention.due(project))

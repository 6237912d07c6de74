"""Puts directus-schema/access.yaml into Directus: policies, roles, users and the folder of uploads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from sidecar.directus import Directus, DirectusError
from sidecar.provision import ids
from sidecar.provision.items import Item, patch_item, put_item, read_items

WHOLE_COLLECTION: Item = {"fields": ["*"], "permissions": None, "validation": None, "presets": None}


def read_access(file: Path) -> Item:
    """The file with the names of ids replaced by the ids."""
    return _resolve(yaml.safe_load(file.read_text(encoding="utf-8")))


def apply_access(directus: Directus, access: Item, secrets: Mapping[str, str]) -> bool:
    """Makes what is missing and corrects what differs; True if anything was written.

    Permissions that people added to our policies stay. A user that exists keeps the password; the token is set again if
    it no longer works.
    """
    return any(
        [
            *(put_item(directus, "/folders", folder) for folder in access["folders"]),
            *(_put_policy(directus, policy) for policy in access["policies"]),
            *(put_item(directus, "/roles", role) for role in access["roles"]),
            *(_put_user(directus, user, secrets) for user in access["users"]),
            *(put_item(directus, "/access", link) for link in access["access"] if _is_complete(link, access, secrets)),
        ]
    )


def permissions_of(policy: Item) -> Iterator[Item]:
    """The rows of directus_permissions a policy of access.yaml stands for."""
    for action, collections in policy["permissions"].items():
        for collection in _flat(collections):
            yield {"policy": policy["id"], "collection": collection, "action": action, **WHOLE_COLLECTION}
    for rule in policy.get("recommended", []):
        yield {**WHOLE_COLLECTION, "policy": policy["id"], **rule}


def _put_policy(directus: Directus, policy: Item) -> bool:
    row = {key: value for key, value in policy.items() if key not in ("permissions", "recommended")}
    written = put_item(directus, "/policies", row)
    present = {
        (found["collection"], found["action"]): found
        for found in read_items(directus, "/permissions", {"policy": {"_eq": policy["id"]}})
    }
    wanted = list(permissions_of(policy))
    missing = [item for item in wanted if (item["collection"], item["action"]) not in present]
    if missing:
        directus.post("/permissions", json=missing)
    kept = [(present[key], item) for item in wanted if (key := (item["collection"], item["action"])) in present]
    corrected = [patch_item(directus, f"/permissions/{found['id']}", found, item) for found, item in kept]
    return written or bool(missing) or any(corrected)


def _put_user(directus: Directus, user: Item, secrets: Mapping[str, str]) -> bool:
    if not _has_secrets(user, secrets):
        return False
    hidden = {key: secrets[user[key]] for key in ("email", "password", "token") if key in user}
    row = {key: value for key, value in user.items() if key not in hidden}
    if put_item(directus, "/users", row, only_at_first={**hidden, "status": "active"}):
        return True
    if "token" in hidden and not _is_token_of(directus, hidden["token"], user["id"]):
        directus.patch(f"/users/{user['id']}", json={"token": hidden["token"]})
        return True
    return False


def _is_token_of(directus: Directus, token: str, user_id: str) -> bool:
    """Directus never shows a token; asking with it tells."""
    try:
        return Directus(directus.url, token, verify=directus.verify).get("/users/me")["id"] == user_id
    except DirectusError as error:
        if error.status in (401, 403):
            return False
        raise


def _has_secrets(user: Item, secrets: Mapping[str, str]) -> bool:
    return all(user[key] in secrets for key in ("email", "password", "token") if key in user)


def _is_complete(link: Item, access: Item, secrets: Mapping[str, str]) -> bool:
    users = {user["id"]: user for user in access["users"]}
    return "user" not in link or _has_secrets(users[link["user"]], secrets)


def _flat(names: Iterable[Any]) -> Iterator[str]:
    for name in names:
        if isinstance(name, str):
            yield name
        else:
            yield from name


def _resolve(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _resolve(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_resolve(each) for each in value]
    return getattr(ids, value) if isinstance(value, str) and value.isupper() else value

"""Every refusal of the registry: its code, HTTP status, sentence and the next step for whoever reads it.

A code that a database guard or constraint raises bears that constraint's name, so a refusal reads the same
whether Python or Postgres found it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Code:
    """One way to be refused. `sentence` is for people; `next_step` says what to do now."""

    status: int
    sentence: str
    next_step: str


CODES: dict[str, Code] = {
    # The request itself
    "invalid_json": Code(400, "The body is not valid JSON.", "Send one JSON object encoded as UTF-8."),
    "invalid_text": Code(
        400,
        "A text holds a character that cannot be stored (NUL or half of a surrogate pair).",
        "Remove it and send the request again.",
    ),
    "invalid_value": Code(
        422, "The request does not fit its description.", "Correct the named fields; /docs describes them."
    ),
    "value_not_json": Code(400, "The field value is not valid JSON.", "In a multipart body, send value as JSON text."),
    "unsupported_media_type": Code(
        415,
        "This content type is not understood.",
        "Send application/json, or multipart/form-data where files are uploaded.",
    ),
    "body_too_large": Code(
        413, "The body is larger than allowed.", "Upload large content as a file and refer to it by id."
    ),
    "route_not_found": Code(404, "There is nothing at this address.", "See /docs for the addresses that exist."),
    "method_not_allowed": Code(405, "This address does not take that method.", "See /docs for the methods it takes."),
    "bad_request": Code(400, "The request could not be understood.", "See /docs for what this address takes."),
    "idempotency_key_invalid": Code(
        400,
        "An Idempotency-Key is 1 to 255 printable ASCII characters, quoted or bare.",
        "Send another key, such as a UUID.",
    ),
    "idempotency_key_reused": Code(
        422,
        "This Idempotency-Key was used for a request with another content.",
        "Use a new key for a new request; a key is repeated only with the request it was made for.",
    ),
    "idempotency_key_in_use": Code(
        409,
        "The first request with this Idempotency-Key is still being answered.",
        "Send the same request again in a moment; it gets that answer.",
    ),
    # Who is calling
    "token_missing": Code(
        401, "No token was sent.", "Send Authorization: Bearer with a Directus token or a service token."
    ),
    "token_invalid": Code(
        401, "The token is unknown, expired or revoked.", "Log in again, or ask an operator for a new token."
    ),
    "actor_unknown": Code(
        403,
        "The Directus user named in X-Actor-Id does not exist or is not active.",
        "Name an active user, or leave the header out.",
    ),
    "actor_not_allowed": Code(
        403, "Only a service token may name an acting user.", "Leave X-Actor-Id out, or call with a service token."
    ),
    "forbidden": Code(
        403, "You do not have the right to do this.", "Ask an administrator of Directus for the policy that gives it."
    ),
    "restricted_policy": Code(
        403,
        "Your Directus policy shows you only a part of the artifacts, which this API cannot honour.",
        "Work in Directus, or ask an administrator for a policy on the whole collection.",
    ),
    # Things that are not there
    "artifact_not_found": Code(404, "There is no such artifact version.", "Check the id."),
    "project_not_found": Code(
        404, "There is no such project.", "Check the id or key, or create it with POST /v1/projects."
    ),
    "task_not_found": Code(404, "There is no such task.", "Check the id."),
    "execution_not_found": Code(404, "There is no such execution.", "Check the id."),
    "step_not_found": Code(404, "There is no such step.", "Check the id."),
    "transfer_not_found": Code(404, "There is no such transfer.", "Check the id."),
    "webhook_not_found": Code(404, "There is no such webhook endpoint.", "Check the id; GET /v1/webhooks lists them."),
    "delivery_not_found": Code(
        404, "There is no such delivery.", "Check the id; the log of deliveries is kept for ARTIFACTS_EVENTS_DAYS."
    ),
    "webhook_inactive": Code(
        409, "This webhook endpoint is switched off.", "Switch it on first: PATCH /v1/webhooks/{id} with active true."
    ),
    "event_gone": Code(
        410, "The event is older than events are kept.", "Read the version, the context or the run itself."
    ),
    "wake_over": Code(
        409, "This wake-up is over: a run is resumed once.", "Set resume_url again if the run waits again."
    ),
    "too_many_waiting": Code(
        503, "Too many requests wait for a decision just now.", "Ask again in a moment, or without wait."
    ),
    "file_not_found": Code(422, "There is no such file in Directus.", "Upload the file first, then submit its id."),
    "path_not_in_context": Code(
        404, "The context has nothing at this path.", "Read the whole context to see what it holds."
    ),
    "template_not_found": Code(
        422, "There is no such project template.", "Name a template by its id or name, or make it in Directus first."
    ),
    "nothing_at_path": Code(
        404, "There is no version at this path to give.", "Submit one and have it approved, or ask with want=latest."
    ),
    "file_not_linked": Code(
        404, "The version has no such file.", "Read the version to see its files; n counts them from 1."
    ),
    "link_invalid": Code(
        403, "This download link is none that the registry gave out.", "Ask for a new link at the file's own address."
    ),
    "link_expired": Code(
        403, "This download link has expired.", "Ask for a new link at the file's own address, which stays the same."
    ),
    "stable_links_off": Code(
        403, "Stable links are switched off.", "Ask with a token at /v1/projects/{id}/files/{path}, or ask an operator."
    ),
    # Review links
    "review_links_off": Code(403, "Review links are switched off.", "Ask an operator (ARTIFACTS_REVIEW_LINK_DAYS)."),
    "review_link_not_found": Code(
        404, "There is no such review link.", "Check the address, or ask whoever sent it for a new one."
    ),
    "review_link_expired": Code(410, "This review link has expired.", "Ask whoever sent it for a new one."),
    "review_link_revoked": Code(410, "This review link was revoked.", "Ask whoever sent it for a new one."),
    "review_link_stopped": Code(
        403, "Whoever sent this review link may not share this any more.", "Ask for a link from somebody else."
    ),
    "review_link_narrow": Code(
        403, "This review link does not let its guest do that.", "Ask whoever sent it for one that does."
    ),
    "review_link_too_long": Code(
        422, "A review link cannot live that long.", "Ask for less, or have ARTIFACTS_REVIEW_LINK_DAYS raised."
    ),
    "review_form_expired": Code(
        403, "This page was opened too long ago, so nothing was sent.", "Open the link again and send it from there."
    ),
    "nothing_to_share": Code(
        409, "Nothing of this task waits for a decision.", "Share one of its versions, or wait for a candidate."
    ),
    "too_many_to_share": Code(409, "A review link shows 50 versions at most.", "Share some of them, by their ids."),
    "too_many_requests": Code(429, "There were too many requests.", "Wait as long as Retry-After says, then go on."),
    "bytes_missing": Code(
        404, "Directus has lost the bytes of this file.", "Restore the file in Directus' storage, or submit it again."
    ),
    "bytes_removed": Code(
        410,
        "The files of this version were removed, as its project's template says.",
        "Use a newer version of its path; what it was, and its hashes, are still there.",
    ),
    "version_erased": Code(
        410, "This version was erased.", "Submit it anew if it should be there; nothing can be brought back."
    ),
    "bytes_removed_by_registry": Code(
        409,
        "Whether a version has lost its bytes or was erased is written by the artifact registry.",
        "Use POST /v1/retention, or POST /v1/artifacts/{id}/erase.",
    ),
    "removed_file_in_use": Code(
        409, "A file that was to be removed is still referred to.", "Leave it; it goes when nothing refers to it."
    ),
    "confirmation_required": Code(
        422,
        "Erasing cannot be undone: it must be confirmed.",
        "Look at what would go with dry_run: true, then send confirm: true or the version's path.",
    ),
    "too_many_copies": Code(
        409, "There are too many copies to erase in one request.", "Erase them one by one; the answer names some."
    ),
    "range_not_satisfiable": Code(
        416, "The file does not have these bytes.", "Ask for a range within the file, or leave Range out."
    ),
    "file_without_pages": Code(
        422, "This file is no PDF, so it has no pages to be shown.", "Get it at /v1/artifacts/{id}/download."
    ),
    "page_not_found": Code(404, "The document has no such page.", "Ask for a page from 1 to pages."),
    "document_unreadable": Code(
        422, "The document is broken and cannot be shown.", "Download it to see for yourself; submit one that is whole."
    ),
    "document_locked": Code(
        422, "The document needs a password, so nobody can look at it here.", "Submit it without a password."
    ),
    "page_too_heavy": Code(
        422,
        "Showing this page takes more time or memory than there is for a page.",
        "Download the document to look at it.",
    ),
    "previews_busy": Code(
        503, "Too many pages are being shown at this moment.", "Ask again after Retry-After seconds."
    ),
    "reference_not_found": Code(422, "The request refers to something that does not exist.", "Check the ids it names."),
    # Submitting
    "schema_key_grammar": Code(
        422,
        "A path is made of segments of letters, digits, _ and -, each with an optional [n] up to 9999, joined by dots:"
        " at most 255 characters, 8 segments deep, not beginning with _meta.",
        "Choose a path like brand.logo or scenes[3].image.",
    ),
    "path_conflict": Code(
        409,
        "This path lies above or below another path in use in the project, or would need a list where an object is.",
        "Choose a path beside the existing one, or archive the other path's versions.",
    ),
    "path_locked": Code(
        423,
        "This path is locked.",
        "Go on with the version that is there, or ask the lock's owner or a reviewer to unlock it.",
    ),
    "lock_of_another": Code(403, "Somebody else holds this lock.", "Ask its owner or a reviewer to unlock it."),
    "used_in_place": Code(
        422,
        "This is the version's own path.",
        "Name another project or path; restore brings a version back to its own.",
    ),
    "too_many_tags": Code(409, "A version has at most 50 tags.", "Remove some, or replace all of them with tags."),
    "locks_by_registry": Code(
        409,
        "Locks are set and released through the artifact registry.",
        "Use PUT and DELETE /v1/projects/{id}/locks, or tick Locked.",
    ),
    "template_violation": Code(
        422,
        "The version is not what the project's template asks for at this path.",
        "Correct what violations lists and submit it again, or have the template changed.",
    ),
    "template_broken": Code(
        422,
        "The project's template cannot be read.",
        "Correct the template in Directus (Project Templates), then try again.",
    ),
    "version_numbered": Code(409, "A version needs its number.", "Insert it again; the registry numbers it."),
    "version_status_known": Code(
        422, "This is no status of a version.", "Use intermediate, pending, approved, rejected, superseded or archived."
    ),
    "review_state_known": Code(422, "This is no review state.", "Use changes_requested or nothing."),
    "artifact_type_known": Code(422, "This is no artifact type.", "Use image, audio, video, text, json or document."),
    "file_upload_failed": Code(
        502, "Directus did not take the uploaded file.", "Try again; if it stays so, look at Directus' log."
    ),
    "upload_too_large": Code(
        413,
        "The upload is larger than allowed.",
        "Send less in one request, or ask an operator to raise ARTIFACTS_UPLOAD_LIMIT.",
    ),
    "file_type_mismatch": Code(
        422, "A file is something else than it is said to be.", "Send it with its own content type, or without one."
    ),
    "file_url_refused": Code(
        422,
        "The registry does not fetch from this address.",
        "Use a public http or https address, or ask an operator to allow its host (ARTIFACTS_FETCH_ALLOW).",
    ),
    "file_url_failed": Code(
        422,
        "The file could not be fetched from its address.",
        "Check the address, or fetch the file yourself and upload it.",
    ),
    "file_url_too_large": Code(
        413,
        "The file at this address is larger than allowed.",
        "Keep it where it is and name it in source_url, or ask an operator to raise ARTIFACTS_UPLOAD_LIMIT.",
    ),
    # Importing older data
    "import_rolled_back": Code(
        409, "This import was rolled back meanwhile.", "Start it again: it is a new import of the same name."
    ),
    "import_row_unreadable": Code(422, "A row of the source cannot be read.", "Correct it there, then import again."),
    "import_row_unmapped": Code(
        422, "No rule of the map fits a row of the source.", "Add a rule to the map, or go on with --skip-bad."
    ),
    "import_key_repeated": Code(
        409, "Two rows of the source have one key and differ.", "Keep one of them in the source, then import again."
    ),
    "import_id_taken": Code(
        409,
        "There is a version with the id of this row already, and no import made it.",
        "Leave the row out, or take the id out of the map.",
    ),
    "import_path_decided": Code(
        409,
        "The path has an approved version that this import did not make.",
        "Withdraw that version first, or go on with --skip-bad.",
    ),
    "import_file_missing": Code(
        422, "The row names a file that is not there.", "Say with --files-root where the files lie, or correct the row."
    ),
    "import_row_changed": Code(
        409, "A row of the source has changed since.", "Import again with --renew-changed to make it a new version."
    ),
    # Deciding
    "already_decided": Code(
        409, "This version has been decided already.", "Look at its present status; submit a new version to change it."
    ),
    "not_submitted": Code(
        409, "This version has not been submitted for review.", "Submit it first (intermediate becomes pending)."
    ),
    "reason_required": Code(422, "Say what should change.", "Give a reason or structured feedback."),
    "two_approvals_for_one_path": Code(
        409, "Two versions of one path cannot be approved in one request; nothing was decided.", "Approve one of them."
    ),
    "decision_repeated": Code(
        422, "A version is named twice in one request; nothing was decided.", "Name each version once."
    ),
    "own_work": Code(
        403,
        "Whoever made a version may not approve it: the project's template says so.",
        "Ask somebody else to review it.",
    ),
    "more_approvals_needed": Code(
        409,
        "More people must approve this version before it can be promoted.",
        "Approve it with POST /v1/reviews, and ask others to.",
    ),
    "context_version_unknown": Code(
        404, "The context never had this version.", "Read its history to see which versions there are."
    ),
    "approved_is_replaced": Code(
        409,
        "An approved version is part of the project's context and is not put away by itself.",
        "Approve another version of its path, which replaces it, or withdraw it.",
    ),
    "version_status_one_way": Code(409, "The status of a version only moves forward.", "Submit a new version instead."),
    "version_decided_by_registry": Code(
        409,
        "Status and decision of a version are set by approving or rejecting it.",
        "Use the Review button, or POST /v1/reviews.",
    ),
    "version_starts_undecided": Code(
        409,
        "A new version starts as pending or intermediate.",
        "Insert it without a decision, then approve or reject it.",
    ),
    "version_immutable": Code(409, "A version never changes.", "Submit an edited copy as a new version."),
    "version_sealed": Code(
        409, "The files of a decided version are fixed.", "Submit a new version with the other files."
    ),
    "files_only_added": Code(
        409, "Files are only ever added to a version.", "Submit a new version with the other files."
    ),
    "version_kept": Code(409, "Versions are never deleted.", "Archive the version instead."),
    "approval_by_registry": Code(
        409,
        "Approval records are written by the artifact registry.",
        "Decide with the Review button, or POST /v1/reviews.",
    ),
    "approval_append_only": Code(
        409, "Approval records are never changed or deleted.", "Add a comment to the version instead."
    ),
    "approval_action_known": Code(
        422, "This is no action an approval record can ask for.", "Use approve, reject, request_changes or comment."
    ),
    "actor_type_known": Code(422, "This is no type of actor.", "Use human, ai, system or rule."),
    # Promoting
    "context_version_conflict": Code(
        409, "The context has moved on since you read it.", "Read the context again and repeat with its version."
    ),
    "context_path_occupied": Code(
        409,
        "The context holds something at this path that no promotion wrote.",
        "Move that entry out of the way, then promote again.",
    ),
    "one_project_at_a_time": Code(
        422,
        "The versions belong to several projects, whose contexts are separate.",
        "Promote them in one request per project.",
    ),
    "if_match_invalid": Code(400, "If-Match is not a context version.", 'Send the number from the ETag, such as "5".'),
    "promotion_by_registry": Code(
        409, "Promotions are written by the artifact registry.", "Promote with POST /v1/promotions."
    ),
    "promotion_append_only": Code(
        409, "Promotion records are never changed or deleted.", "Promote another version instead."
    ),
    "audit_append_only": Code(
        409, "The audit log is never changed or deleted.", "Leave it; a comment on the version adds to it."
    ),
    "context_by_registry": Code(
        409,
        "The context of a project changes only by promoting approved versions.",
        "Approve or promote a version instead of editing the context.",
    ),
    # Keeping what is referred to
    "project_has_versions": Code(
        409, "This project has artifact versions, which are kept.", "Archive the project instead."
    ),
    "task_has_versions": Code(409, "This task has artifact versions, which are kept.", "Cancel the task instead."),
    "execution_has_versions": Code(
        409, "This execution has artifact versions, which are kept.", "Leave it, or cancel it."
    ),
    "step_has_versions": Code(409, "This step has artifact versions, which are kept.", "Leave it."),
    "file_in_use": Code(
        409, "Artifact versions refer to this file.", "Archive the versions; files of kept versions stay."
    ),
    "project_key_known": Code(
        422,
        "A project key is made of lower-case letters, digits, - and _, at most 100 characters.",
        "Choose a key like spring-brand.",
    ),
    "execution_status_known": Code(
        422, "This is no status of an execution.", "Use pending, running, completed, failed or cancelled."
    ),
    "execution_status_order": Code(
        409,
        "An execution goes from pending to running, and ends completed, failed or cancelled.",
        "Move it to one of allowed_statuses; a failed one is resumed by setting it to running.",
    ),
    "execution_elsewhere": Code(
        409,
        "The engine's workflow of this name is an execution of another project.",
        "Give the run a name of its own in engine_workflow_id.",
    ),
    "step_status_order": Code(
        409,
        "A step goes from queued to running, and ends completed, failed or skipped.",
        "Move it to one of allowed_statuses; to run it again, use POST /v1/steps/{id}/retry.",
    ),
    "step_unfinished": Code(409, "This step has not ended yet.", "Wait for it, or set it to failed first."),
    "step_ended": Code(
        409,
        "What an ended step was given and gave back is not replaced.",
        "Record another attempt with POST /v1/steps/{id}/retry.",
    ),
    "step_dependency_unknown": Code(
        422, "A step depends on one that the execution does not have.", "Add that step first, or in the same request."
    ),
    "step_dependency_cycle": Code(422, "Steps depend on each other in a circle.", "Leave out one of the dependencies."),
    "step_output_missing": Code(
        404, "This step has no such output.", "Have a version approved, or ask with want=latest."
    ),
    "stage_belongs": Code(422, "A link names its execution or its step.", "Send execution_id or step_id."),
    "stage_by_decision": Code(
        409, "A version becomes approved by a decision.", "Approve it with POST /v1/reviews; its stage follows."
    ),
    "step_status_known": Code(
        422, "This is no status of a step.", "Use queued, running, completed, failed or skipped."
    ),
    "stage_known": Code(422, "This is no stage.", "Use input, generated, reviewed, approved or failed."),
    "relation_type_known": Code(
        422,
        "This is no type of relation.",
        "Use derived_from, variant_of, transcoded_from, edited_from or restored_from.",
    ),
    "relation_not_to_itself": Code(422, "A version cannot be its own source.", "Name another version as the source."),
    "relation_cycle": Code(
        409,
        "The source was itself made from this version, directly or through others.",
        "Look at the version's lineage, and name the older one as the source.",
    ),
    "relation_immutable": Code(409, "A relation never changes.", "Add another relation instead."),
    "relation_kept": Code(
        409, "The relations of a decided version are kept.", "Leave it, and add another relation instead."
    ),
    "transfer_status_known": Code(
        422, "This is no status of a transfer.", "Use pending, uploading, completed or failed."
    ),
    "transfer_status_order": Code(
        409,
        "A transfer goes from pending to uploading, and ends completed or failed.",
        "Move it to one of allowed_statuses; to send a version once more, use POST /v1/transfers.",
    ),
    "transfer_carried": Code(
        409, "The worker is sending this just now.", "Wait until it has ended, or set it to failed to stop it."
    ),
    "not_approved": Code(
        409, "Only an approved version is sent to another server.", "Have it approved (POST /v1/reviews) first."
    ),
    "nothing_to_transfer": Code(
        409, "This version has no file that could be sent.", "Read its value, or submit its content as a file."
    ),
    "server_not_allowed": Code(
        422,
        "The registry exchanges files with the servers that its operator has named, and no others.",
        "Name one of them, or ask an operator to add it (ARTIFACTS_SERVERS).",
    ),
    "prompt_unfinished": Code(
        409,
        "The server has not completed this prompt.",
        "Ask again when it has; if it failed, look at the server's own history.",
    ),
    "output_missing": Code(
        409, "The server has no such output.", "Check filename, subfolder and type; a server may have been cleared."
    ),
    "too_many_outputs": Code(
        409, "The prompt left more files than one request collects.", "Name in outputs which ones, part by part."
    ),
    "server_failed": Code(
        502, "The server did not give what was asked; nothing was kept.", "Try again when it answers as ComfyUI does."
    ),
    "context_set": Code(
        422, "A project always has a context and its version.", "Leave both out; the registry sets them."
    ),
    # Said by the extension inside Directus, before or instead of the sidecar
    "decide_separately": Code(
        409,
        "A decision is made by itself, without other changes in the same edit.",
        "Save the other fields first, then the status.",
    ),
    "decide_through_reviews": Code(
        409,
        "A status cannot be decided inside another edit, which could still be undone.",
        "Edit the version by itself, or send the decisions to POST /v1/reviews.",
    ),
    "version_required": Code(400, "An approval record names its version.", "Send artifact_version_id."),
    "registry_only": Code(403, "Only the artifact registry writes this.", "Use its API, or the Review button."),
    "registry_unavailable": Code(
        503,
        "The artifact registry does not answer.",
        "Look at the item again before you repeat this; ask an operator if it stays so.",
    ),
    "registry_slow": Code(503, "The artifact registry is slow.", "Look at the item again before you repeat this."),
    "registry_failed": Code(502, "The artifact registry failed.", "Look at the item again before you repeat this."),
    "not_authenticated": Code(
        401, "Nobody is logged in.", "Log in to Directus; the registry answers people whom Directus knows."
    ),
    "cross_site": Code(403, "This request comes from another site.", "Use the registry itself, with a token."),
    "registry_path": Code(400, "A flow may only call the registry's own API.", "Give a path that begins with /v1/."),
    "operation_invalid": Code(
        400, "The flow operation's options cannot be used.", "Correct its method, path, body or repeat."
    ),
    # The registry itself
    "registry_busy": Code(
        503, "Somebody else is deciding in this project just now; nothing was changed.", "Try again in a moment."
    ),
    "database_unavailable": Code(503, "The database does not answer; nothing was changed.", "Try again in a moment."),
    "directus_unavailable": Code(
        503, "Directus does not answer, so the token could not be checked.", "Try again in a moment."
    ),
    "internal_error": Code(
        500, "Something is wrong in the registry; nothing was changed.", "Report the request id to an operator."
    ),
}


# Statuses that say the request itself is wrong, whatever the registry holds …
_ABOUT_THE_REQUEST = frozenset({400, 413, 415, 422})
# … but for these: what was missing may be there later, a header is no part of the payload, a body may have been broken
# on its way, and a key's own refusals say nothing about the request.
_MAY_PASS_LATER = frozenset(
    {
        "template_not_found",
        "template_violation",
        "template_broken",
        "step_dependency_unknown",
        "step_dependency_cycle",
        "file_not_found",
        "server_not_allowed",
        "file_url_refused",
        "file_url_failed",
        "file_url_too_large",
        "file_type_mismatch",
        "review_link_too_long",
        "reference_not_found",
        "one_project_at_a_time",
        "if_match_invalid",
        "bad_request",
        "idempotency_key_invalid",
        "idempotency_key_reused",
    }
)


@dataclass(slots=True)
class Refusal(Exception):
    """Raised by an operation to refuse. The transaction is rolled back and the caller gets `code`'s answer.

    `message` replaces the code's sentence where the case can be named; `details` are JSON values a program can use.
    """

    code: str
    message: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        CODES[self.code]  # an unknown code is a bug: fail where it is raised

    @property
    def status(self) -> int:
        return CODES[self.code].status

    @property
    def final(self) -> bool:
        """Whether it depends on the request alone: the same request would be refused the same way for ever."""
        return self.status in _ABOUT_THE_REQUEST and self.code not in _MAY_PASS_LATER

    def body(self) -> dict[str, Any]:
        """Directus' own error shape: {"errors": [{"message", "extensions": {"code", "next", ...}}]}."""
        code = CODES[self.code]
        extensions = {"code": self.code, "next": code.next_step, **self.details}
        return {"errors": [{"message": self.message or code.sentence, "extensions": extensions}]}

    def __str__(self) -> str:
        return f"{self.code}: {self.message or CODES[self.code].sentence}"

import { refusal, type Refusal } from '../registry/refusal';
import { isAnonymous, type EventContext, type Key } from './event';
import type { Permission } from './permission';
import { anyRefers, type Reference } from './references';
import { sentenceOf } from './sentences';

/** Directus does not translate database errors on DELETE, so the guards' refusals are said here first. */
type Deletion = (keys: Key[], meta: unknown, context: EventContext) => Promise<Key[]>;

/** Records that nobody deletes, with the code of their guard. */
export const NEVER_DELETED: Record<string, string> = {
  artifact_versions: 'version_kept',
  artifact_approvals: 'approval_append_only',
  promotions: 'promotion_append_only',
};

/** Items that are kept while a version refers to them. */
export const KEPT_WHILE_USED: Record<string, { code: string; references: Reference[] }> = {
  projects: { code: 'project_has_versions', references: [{ collection: 'artifact_versions', field: 'project_id' }] },
  tasks: {
    code: 'task_has_versions',
    references: [
      { collection: 'artifact_versions', field: 'source_task_id' },
      { collection: 'task_artifacts', field: 'task_id' },
      { collection: 'artifact_approvals', field: 'task_id' },
    ],
  },
  task_executions: {
    code: 'execution_has_versions',
    references: [
      { collection: 'artifact_versions', field: 'execution_id' },
      { collection: 'execution_artifacts', field: 'execution_id' },
      { collection: 'artifact_versions', field: 'step_id', through: { collection: 'execution_steps', field: 'execution_id' } },
    ],
  },
  execution_steps: {
    code: 'step_has_versions',
    references: [
      { collection: 'artifact_versions', field: 'step_id' },
      { collection: 'execution_artifacts', field: 'step_id' },
    ],
  },
  directus_files: {
    code: 'file_in_use',
    references: [
      { collection: 'artifact_versions', field: 'primary_file_id' },
      { collection: 'artifact_files', field: 'directus_files_id' },
    ],
  },
};

/** The refusal is the same whether the item exists or not, so it tells nothing; the anonymous are left to Directus. */
export function refuseDeletion(code: string): Deletion {
  return async (keys, _meta, context) => {
    if (isAnonymous(context)) return keys;
    throw refused(code);
  };
}

/** Only who may delete learns that something refers to the item. */
export function keepWhileUsed(collection: string, code: string, references: Reference[], may: Permission): Deletion {
  return async (keys, _meta, context) => {
    if (!(await may('delete', collection, keys, context))) return keys;
    if (await anyRefers(references, keys, context)) throw refused(code);
    return keys;
  };
}

/** Files are only ever added to a version; those of a decided one are sealed. */
export function keepFilesOfVersions(may: Permission): Deletion {
  return async (keys, _meta, context) => {
    if (!(await may('delete', 'artifact_files', keys, context))) return keys;
    const versions = await versionsOfLinks(keys, context);
    if (versions.length === 0) return keys;
    throw refused(versions.some(isDecided) ? 'version_sealed' : 'files_only_added');
  };
}

/** Where a decided version comes from is part of what was decided. */
export function keepRelationsOfDecided(may: Permission): Deletion {
  return async (keys, _meta, context) => {
    if (!(await may('delete', 'artifact_relations', keys, context))) return keys;
    const newer = context.database('artifact_relations').whereIn('id', keys).select('from_version_id');
    const versions: Version[] = await context.database('artifact_versions').whereIn('id', newer).select('status', 'review_state');
    if (versions.some(isDecided)) throw refused('relation_kept');
    return keys;
  };
}

interface Version {
  status: string;
  review_state: string | null;
}

function versionsOfLinks(keys: Key[], { database }: EventContext): Promise<Version[]> {
  const linked = database('artifact_files').whereIn('id', keys).select('artifact_version_id');
  return database('artifact_versions').whereIn('id', linked).select('status', 'review_state');
}

function isDecided({ status, review_state }: Version): boolean {
  return !['intermediate', 'pending'].includes(status) || review_state !== null;
}

function refused(code: string): Refusal {
  return refusal(409, code, sentenceOf(code));
}

import { connectRegistry } from '../registry/client';
import { explainDatabaseError } from './database-errors';
import { decideByStatus } from './decide-by-status';
import {
  keepFilesOfVersions,
  keepRelationsOfDecided,
  keepWhileUsed,
  KEPT_WHILE_USED,
  NEVER_DELETED,
  refuseDeletion,
} from './deletions';
import type { Hook } from './event';
import { permissionOf } from './permission';
import { recordApproval } from './record-approval';

const hook: Hook = ({ filter }, { services, env, logger }) => {
  const registry = connectRegistry(env, logger);
  const may = permissionOf(services);

  filter('artifact_versions.items.update', decideByStatus(registry, may));
  filter('artifact_approvals.items.create', recordApproval(registry, may));

  for (const [collection, code] of Object.entries(NEVER_DELETED)) filter(deletionOf(collection), refuseDeletion(code));
  for (const [collection, { code, references }] of Object.entries(KEPT_WHILE_USED))
    filter(deletionOf(collection), keepWhileUsed(collection, code, references, may));
  filter(deletionOf('artifact_files'), keepFilesOfVersions(may));
  filter(deletionOf('artifact_relations'), keepRelationsOfDecided(may));

  filter('database.error', explainDatabaseError);
};

export default hook;

function deletionOf(collection: string): string {
  return collection.startsWith('directus_') ? `${collection.slice('directus_'.length)}.delete` : `${collection}.items.delete`;
}

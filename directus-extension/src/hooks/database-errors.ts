import { isDirectusError } from '@directus/errors';
import { refusal } from '../registry/refusal';
import { sentenceOf } from './sentences';

/** node-postgres' error, with knex' statement before the message. */
interface PostgresError {
  code?: string;
  constraint?: string;
  message: string;
  hint?: string;
}

const CHECK_VIOLATION = '23514';
const RAISED = 'P0001';
const NO_PRIVILEGE = '42501';
const REGISTRY_TABLES = ['artifact_versions', 'artifact_approvals', 'promotions', 'sidecar'];

/** Says in a sentence what the database refused; what Directus understands by itself, or we do not, stays as it is. */
export function explainDatabaseError(error: unknown): unknown {
  if (isDirectusError(error) || !(error instanceof Error)) return error;
  const refused = error as PostgresError;
  if (refused.code === NO_PRIVILEGE) return forbidden(refused) ?? error;
  if (refused.code !== CHECK_VIOLATION && refused.code !== RAISED) return error;
  return refused.constraint ? broken(refused, refused.constraint) : error;
}

function broken(error: PostgresError, rule: string) {
  const sentence = statedIn(error.message);
  // A plain CHECK has no sentence of its own; a guard speaks for itself.
  if (sentence.startsWith('new row for relation')) return refusal(422, rule, sentenceOf(rule));
  return refusal(409, rule, sentence, error.hint ? { next: error.hint } : {});
}

/** knex writes "<statement> - <message>": guards therefore use no " - " in their sentences. */
function statedIn(message: string): string {
  return message.split(' - ').at(-1) ?? message;
}

function forbidden(error: PostgresError) {
  const [, name] = /permission denied for (?:table|view|schema) "?(\w+)/.exec(error.message) ?? [];
  return name && REGISTRY_TABLES.includes(name) ? refusal(403, 'registry_only', 'Only the artifact registry writes this.') : null;
}

import type { Registry } from '../api/registry';
import type { BodyOf, Schemas } from '../api/types';
import type { Act } from './use-decisions';

type Named = Schemas['VersionName'];

/**
 * What undoes a decision that has been sent. Nothing is taken out of the records: a rejected version returns as a new
 * candidate (restore), the version before an approved one is approved again (reinstate), or a path is left empty (withdraw).
 */
export interface WayBack {
  kind: 'restore' | 'reinstate' | 'withdraw';
  versions: Named[];
}

/** The ways back that the registry's answer leaves. Pure. */
export function waysBack({ state, answer, decisions }: Pick<Act, 'state' | 'answer' | 'decisions'>): WayBack[] {
  if (state !== 'done' || !answer) return [];
  const meant = new Set(decisions.map((decision) => `${decision.action} ${decision.artifact_version_id}`));
  const decided = answer.data.decisions.filter((each) => !each.repeated && meant.has(`${each.action} ${each.artifact_version_id}`));
  const promotions = answer.data.promotions;
  const before = (name: Named) =>
    promotions.filter((each) => each.promoted.some((one) => one.artifact_version_id === name.artifact_version_id)).flatMap((each) => each.superseded).find((one) => one.schema_key === name.schema_key);
  const approved = decided.filter(({ action, status }) => action === 'approve' && status === 'approved');
  // Whoever approves one and rejects its rivals takes back the approval first.
  const rejected = approved.length > 0 ? [] : decided.filter(({ action, status }) => action === 'reject' && status === 'rejected');
  const ways: WayBack[] = [
    { kind: 'restore', versions: rejected.map(nameOf) },
    { kind: 'reinstate', versions: approved.flatMap((each) => before(each) ?? []) },
    { kind: 'withdraw', versions: approved.filter((each) => !before(each)).map(nameOf) },
  ];
  return ways.filter(({ versions }) => versions.length > 0);
}

/** Makes new versions of old ones, one after the other. Taken again under the same key, none is made twice. */
export async function goBack(registry: Pick<Registry, 'send'>, key: string, { kind, versions }: WayBack): Promise<Schemas['Version'][]> {
  const made = [];
  for (const { artifact_version_id: id } of versions) {
    const body = { approve: kind === 'reinstate' } as BodyOf<'restoreArtifact'>;
    made.push((await registry.send('restoreArtifact', 'POST', `/v1/artifacts/${id}/restore`, body, { key: `${key}.${kind}.${id}` })).data);
  }
  return made;
}

function nameOf({ artifact_version_id, schema_key, version_number }: Named): Named {
  return { artifact_version_id, schema_key, version_number };
}

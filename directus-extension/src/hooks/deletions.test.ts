import { describe, expect, it } from 'vitest';
import { administrator, anonymous, given, givenDirectus, reviewer, type Person } from '../testing/directus';

const version = { id: 'v1', status: 'pending', review_state: null, project_id: 'p1', source_task_id: 't1', execution_id: 'e1', step_id: 's1', primary_file_id: 'f1' };
const TABLES = {
  artifact_versions: [version, { ...version, id: 'v2', status: 'approved' }, { ...version, id: 'v3', review_state: 'changes_requested' }],
  task_artifacts: [{ task_id: 't2' }],
  artifact_approvals: [{ task_id: 't3' }],
  execution_artifacts: [{ execution_id: 'e2', step_id: 's2' }],
  artifact_relations: [
    { id: 'r1', from_version_id: 'v1', to_version_id: 'v2' },
    { id: 'r2', from_version_id: 'v2', to_version_id: 'v1' },
    { id: 'r3', from_version_id: 'v3', to_version_id: 'v1' },
  ],
  execution_steps: [{ id: 's1', execution_id: 'e3' }],
  artifact_files: [
    { id: 'l1', artifact_version_id: 'v1', directus_files_id: 'f2' },
    { id: 'l2', artifact_version_id: 'v2', directus_files_id: 'f2' },
    { id: 'l3', artifact_version_id: 'v3', directus_files_id: 'f2' },
    { id: 'l4', artifact_version_id: null, directus_files_id: 'f2' },
  ],
};

const remove = (event: string, key: string, accountability: Person | null = administrator, allowed: string[] = []) =>
  givenDirectus({ allowed }).emit(event, [key], given({ accountability, tables: TABLES }));

describe('deleting what the registry keeps for ever', () => {
  const kept = [
    ['artifact_versions.items.delete', 'version_kept'],
    ['artifact_approvals.items.delete', 'approval_append_only'],
    ['promotions.items.delete', 'promotion_append_only'],
  ] as const;

  it.each(kept)('%s is refused as %s, whoever asks', async (event, code) => {
    for (const who of [administrator, reviewer, null]) await expect(remove(event, 'x', who)).rejects.toMatchObject({ status: 409, code });
  });

  it.each(kept)('%s is left to Directus for somebody who is not logged in', async (event) => {
    expect(await remove(event, 'x', anonymous)).toEqual(['x']);
  });
});

describe('deleting what versions refer to', () => {
  const used = [
    ['projects.items.delete', 'p1', 'project_has_versions'],
    ['tasks.items.delete', 't1', 'task_has_versions'],
    ['tasks.items.delete', 't2', 'task_has_versions'],
    ['tasks.items.delete', 't3', 'task_has_versions'],
    ['task_executions.items.delete', 'e1', 'execution_has_versions'],
    ['task_executions.items.delete', 'e2', 'execution_has_versions'],
    ['task_executions.items.delete', 'e3', 'execution_has_versions'],
    ['execution_steps.items.delete', 's1', 'step_has_versions'],
    ['execution_steps.items.delete', 's2', 'step_has_versions'],
    ['artifact_relations.items.delete', 'r2', 'relation_kept'],
    ['artifact_relations.items.delete', 'r3', 'relation_kept'],
    ['files.delete', 'f1', 'file_in_use'],
    ['files.delete', 'f2', 'file_in_use'],
    ['artifact_files.items.delete', 'l1', 'files_only_added'],
    ['artifact_files.items.delete', 'l2', 'version_sealed'],
    ['artifact_files.items.delete', 'l3', 'version_sealed'],
  ] as const;

  it.each(used)('%s of %s is refused as %s', async (event, key, code) => {
    await expect(remove(event, key)).rejects.toMatchObject({ status: 409, code });
  });

  it.each(used)('%s of %s tells nothing to those who may not delete', async (event, key) => {
    for (const who of [anonymous, reviewer]) expect(await remove(event, key, who)).toEqual([key]);
  });

  it('is refused to a person with the permission too', async () => {
    await expect(remove('tasks.items.delete', 't1', reviewer, ['delete tasks'])).rejects.toMatchObject({ code: 'task_has_versions' });
  });

  it.each([...new Set(used.map(([event]) => event))])('%s of something unused passes', async (event) => {
    expect(await remove(event, 'unused')).toEqual(['unused']);
  });

  it('lets a link go that leads to no version', async () => {
    expect(await remove('artifact_files.items.delete', 'l4')).toEqual(['l4']);
  });

  it('lets a relation of an undecided version go', async () => {
    expect(await remove('artifact_relations.items.delete', 'r1')).toEqual(['r1']);
  });

  it('passes in a Directus that does not have our collections yet', async () => {
    const { emit } = givenDirectus({});
    expect(await emit('files.delete', ['f1'], given({}))).toEqual(['f1']);
  });
});

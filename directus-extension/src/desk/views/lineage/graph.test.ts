import { describe, expect, it } from 'vitest';
import { cluster, frontier, merge, replacedSources, tidy, uncrossed, type Edge, type Graph, type RunNode, type VersionNode } from './graph';

const version = (id: string, given: Partial<VersionNode> = {}): VersionNode => ({
  kind: 'version', id, project_id: 'p', project_key: null, schema_key: id, version_number: 1, status: 'approved', artifact_type: null, primary_file_id: null, primary_file_type: null, poster_id: null, depth: 1, direction: 'descendant', stale: false, ...given,
});
const run = (id: string, kind: 'step' | 'execution' = 'step'): RunNode => ({ kind, id, name: id, status: 'completed', execution_id: null, workflow: null, engine: null, attempt: 1, started_at: null, completed_at: null });
const edge = (from_id: string, to_id: string, type: Edge['type'] = 'derived_from'): Edge => ({ id: null, from_id, to_id, type, metadata: null });
const graph = (nodes: Graph['nodes'], edges: Edge[] = []): Graph => ({ nodes, edges });

describe('a lineage', () => {
  it('takes a node once, as far away as the first answer says and in the state of the latest', () => {
    const first = { depth: 1, at: 1, graph: graph([version('logo', { depth: 0, direction: 'self' })], [edge('poster', 'logo')]) };
    const second = { depth: 1, at: 2, graph: graph([version('logo', { status: 'superseded', depth: 1 }), version('poster')], [edge('poster', 'logo')]) };
    const { nodes, edges } = merge([first, second]);
    expect(nodes).toMatchObject([{ id: 'logo', depth: 0, direction: 'self', status: 'superseded' }, { id: 'poster' }]);
    expect(edges).toHaveLength(1);
    // The first is asked again now and then.
    expect(merge([{ ...first, at: 3 }, second]).nodes[0]).toMatchObject({ id: 'logo', depth: 0, direction: 'self', status: 'approved' });
    const steps = (status: string, at: number) => ({ depth: 1, at, graph: graph([{ ...run('draw'), status }]) });
    expect(merge([steps('completed', 2), steps('running', 1)]).nodes).toMatchObject([{ status: 'completed' }]);
  });

  it('leaves out runs that only hold steps together', () => {
    const shown = tidy(graph([version('logo'), run('draw'), run('whole', 'execution')], [edge('logo', 'draw', 'generated_by'), edge('draw', 'whole', 'part_of')]));
    expect(shown.nodes.map(({ id }) => id)).toEqual(['logo', 'draw']);
  });

  it('draws no second line where a step says it already', () => {
    const shown = graph([version('logo'), version('poster'), run('draw')], [edge('poster', 'logo'), edge('poster', 'draw', 'generated_by'), edge('draw', 'logo', 'used'), edge('poster', 'logo', 'variant_of')]);
    expect(uncrossed(shown).edges.map(({ type }) => type)).toEqual(['generated_by', 'used', 'variant_of']);
  });

  it('may go on where every answer ended', () => {
    const answers = [{ depth: 1, at: 1, graph: graph([version('logo', { depth: 0 }), version('poster'), version('flyer')]) }, { depth: 1, at: 1, graph: graph([version('poster', { depth: 0 }), version('print')]) }];
    expect([...frontier(answers)].sort()).toEqual(['flyer', 'print']);
  });

  it('says which of its sources no longer count', () => {
    const shown = graph([version('logo', { status: 'superseded' }), version('brief'), version('poster')], [edge('poster', 'logo'), edge('poster', 'brief')]);
    expect(replacedSources(shown, 'poster')).toMatchObject([{ schema_key: 'logo' }]);
  });
});

describe('groups', () => {
  const pages = graph([version('root'), version('pages[0].image'), version('pages[1].image', { stale: true }), version('cover')], [edge('pages[0].image', 'root'), edge('pages[1].image', 'root'), edge('pages[1].image', 'pages[0].image')]);

  it('draw versions of one kind of path as one, with one line', () => {
    const { nodes, edges } = cluster(pages, 'path', new Set(), 'root');
    expect(nodes.map(({ kind }) => kind)).toEqual(['version', 'version', 'group']);
    expect(nodes[2]).toMatchObject({ name: 'pages[#].image', stale: true });
    expect(edges).toHaveLength(1);
  });

  it('fall into smaller ones when they are opened, and those into versions', () => {
    const shots = graph(['s1.a', 's1.b', 's2.a', 's2.c1', 's2.c2'].map((id) => version(id)));
    const kinds = (...opened: string[]) => cluster(shots, 'path', new Set(opened.map((key) => `group:p ${key}`)), '').nodes.map((node) => (node.kind === 'group' ? node.name : node.id)).sort();
    expect(kinds()).toEqual(['s#.a', 's#.c#', 's1.b']);
    expect(kinds('s#.a', 's#.c#', 's#.b')).toEqual(['s1.*', 's2.*']);
    expect(kinds('s#.a', 's#.c#', 's#.b', 's1.*')).toEqual(['s1.a', 's1.b', 's2.*']);
  });

  it('never take in the version somebody came for', () => {
    expect(cluster(pages, 'path', new Set(), 'pages[0].image').nodes.map(({ id }) => id)).toContain('pages[0].image');
  });

  it('of a step hold what it made', () => {
    const made = graph([version('a'), version('b'), run('draw')], [edge('a', 'draw', 'generated_by'), edge('b', 'draw', 'generated_by')]);
    expect(cluster(made, 'step', new Set(), '').nodes).toMatchObject([{ id: 'draw' }, { kind: 'group', name: 'draw' }]);
  });
});

// @vitest-environment happy-dom
import { effectScope, ref, type EffectScope } from 'vue';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { personIs } from '../../composables/person';
import { aRow } from './a-row';
import type { Filters } from './filters';
import type { InboxRow } from './inbox';
import { forgetInbox, useInbox, type Inbox } from './use-inbox';

const scopes: EffectScope[] = [];
let waiting: InboxRow[] = [];
let away = false;
let asks: Record<string, unknown>[] = [];

/** A registry with these rows; its ETag is what it answers. */
const registry = {
  getFresh: async (_id: string, _path: string, query: Record<string, unknown>, etag: string | null) => {
    asks.push(query);
    if (away) throw new Error('away');
    const from = query['cursor'] ? waiting.findIndex(({ id }) => id === query['cursor']) + 1 : 0;
    const data = waiting.slice(from, from + Number(query['limit']));
    const next_cursor = from + data.length < waiting.length ? (data.at(-1)?.id ?? null) : null;
    const sums = from === 0 ? { total: waiting.length, oldest: null, projects: [], facets: null } : { total: null, oldest: null, projects: null, facets: null };
    const answer = { data, meta: { next_cursor, ...sums } };
    return JSON.stringify(answer) === etag ? null : { answer, etag: JSON.stringify(answer) };
  },
} as never;

function look(filters: () => Filters = () => ({}), calm = () => false): Inbox {
  const scope = effectScope();
  scopes.push(scope);
  return scope.run(() => useInbox(registry, filters, calm))!;
}
const many = (count: number) => Array.from({ length: count }, (_, index) => aRow(`r${index}`));
const settled = () => vi.advanceTimersByTimeAsync(50);

beforeEach(() => {
  vi.useFakeTimers();
  forgetInbox();
  [waiting, away, asks] = [many(3), false, []];
});
afterEach(() => {
  scopes.splice(0).forEach((scope) => scope.stop());
  vi.useRealTimers();
});

describe('the inbox', () => {
  it('shows the first page and reads on in the background, in few requests', async () => {
    waiting = many(2500);
    const inbox = look();
    expect(inbox.loading.value).toBe(true);
    await settled();
    expect(inbox.rows.value).toHaveLength(2500);
    expect(inbox.complete.value).toBe(true);
    expect(asks.map(({ limit }) => limit)).toEqual([200, 1000, 1000, 1000]);
  });

  it('holds back what is new, and shows it when asked', async () => {
    const inbox = look();
    await settled();
    waiting = [aRow('new'), ...waiting];
    await inbox.refresh();
    expect(inbox.rows.value.map(({ id }) => id)).toEqual(['r0', 'r1', 'r2']);
    expect(inbox.news.value.map(({ id }) => id)).toEqual(['new']);
    expect(inbox.showNews()).toBe('new');
    expect(inbox.rows.value[0]?.id).toBe('new');
    expect(inbox.news.value).toEqual([]);
  });

  it('lets it in by itself while nobody is busy', async () => {
    const inbox = look(undefined, () => true);
    await settled();
    waiting = [aRow('new'), ...waiting];
    await inbox.refresh();
    expect(inbox.rows.value[0]?.id).toBe('new');
  });

  it('leaves what is decided in its place until it is swept', async () => {
    const inbox = look();
    await settled();
    waiting = waiting.filter(({ id }) => id !== 'r1');
    await inbox.refresh();
    expect(inbox.rows.value.map(({ id }) => id)).toEqual(['r0', 'r1', 'r2']);
    expect([...inbox.gone.value]).toEqual(['r1']);
    inbox.sweep((id) => id === 'r1');
    expect(inbox.rows.value).toHaveLength(3);
    inbox.sweep(() => false);
    expect(inbox.rows.value.map(({ id }) => id)).toEqual(['r0', 'r2']);
  });

  it('keeps the list while the registry is away', async () => {
    const inbox = look();
    await settled();
    away = true;
    await inbox.refresh();
    expect(inbox.problem.value?.code).toBe('unreachable');
    expect(inbox.rows.value).toHaveLength(3);
    away = false;
    await inbox.refresh();
    expect(inbox.problem.value).toBeNull();
  });

  it('looks at the further pages now and then, although the first one is the same', async () => {
    waiting = many(300);
    const inbox = look();
    await settled();
    waiting = [...waiting.slice(0, 250), aRow('late'), ...waiting.slice(251)];
    await vi.advanceTimersByTimeAsync(65_000);
    expect([...inbox.gone.value]).toEqual(['r250']);
    expect(inbox.news.value.map(({ id }) => id)).toEqual(['late']);
  });

  it('keeps the old rows on the screen until those of other filters are there', async () => {
    const filters = ref<Filters>({});
    const inbox = look(() => filters.value);
    await settled();
    waiting = [aRow('image')];
    filters.value = { artifact_type: 'image' };
    await Promise.resolve();
    expect(inbox.changing.value).toBe(true);
    expect(inbox.rows.value).toHaveLength(3);
    await settled();
    expect(inbox.changing.value).toBe(false);
    expect(inbox.rows.value.map(({ id }) => id)).toEqual(['image']);
  });

  it('is there at once for who comes back', async () => {
    look();
    await settled();
    expect(look().rows.value).toHaveLength(3);
  });

  it('is read anew for another person', async () => {
    personIs('ann');
    look();
    await settled();
    personIs(null);
    personIs('bob');
    expect(look().rows.value).toHaveLength(0);
  });
});

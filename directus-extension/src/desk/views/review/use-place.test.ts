// @vitest-environment happy-dom
import { computed, effectScope, nextTick, ref } from 'vue';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Act, Settled } from '../../composables/use-decisions';
import { usePlace } from './use-place';

const get = vi.fn();
const underWay = ref(new Set<string>());
let settled: Settled = () => {};
vi.mock('../../api/registry', () => ({ useRegistry: () => ({ get }) }));
vi.mock('../../composables/use-decisions', () => ({ useDecisions: () => ({ underWay: computed(() => underWay.value), onSettled: (then: Settled) => ((settled = then), () => {}) }) }));

const page = (ids: string[], next: string | null = null, total: number | null = null) => ({ data: ids.map((id) => ({ id })), meta: { next_cursor: next, total } });
const flush = () => new Promise((done) => setTimeout(done));

async function given(at: string, ...pages: ReturnType<typeof page>[]) {
  for (const each of pages) get.mockResolvedValueOnce(each);
  const [id, filters] = [ref(at), ref('project_id=p')];
  const scope = effectScope();
  const place = scope.run(() => usePlace(() => id.value, () => filters.value))!;
  await flush();
  return { id, filters, place, read: () => [place.previous.value, place.number.value, place.total.value, place.next.value] };
}

describe('the place of a candidate', () => {
  afterEach(() => {
    get.mockReset();
    underWay.value = new Set();
  });

  it('is counted in the list that the filters give', async () => {
    const { read } = await given('b', page(['a', 'b', 'c'], null, 3));
    expect(read()).toEqual(['a', 2, 3, 'c']);
    expect(get.mock.calls[0]?.slice(1)).toEqual(['/v1/inbox', { project_id: 'p', limit: 200 }]);
  });

  it('is looked for on later pages, until the candidate after it is known', async () => {
    const { read } = await given('b', page(['a'], 'a', 4), page(['b'], 'b'), page(['c', 'd']));
    expect(read()).toEqual(['a', 2, 4, 'c']);
  });

  it('passes over what is being decided, and undoing brings that back', async () => {
    const { read } = await given('b', page(['a', 'b', 'c', 'd'], null, 4));
    underWay.value = new Set(['c', 'b']);
    expect(read()).toEqual(['a', 2, 3, 'd']);
    underWay.value = new Set();
    expect(read()).toEqual(['a', 2, 4, 'c']);
  });

  it('passes over what is decided for good, but not what was only commented on', async () => {
    const { read } = await given('b', page(['a', 'b', 'c'], null, 3));
    await settled({ state: 'done', decisions: [{ artifact_version_id: 'a', action: 'approve' }, { artifact_version_id: 'c', action: 'comment' }] } as Act);
    expect(read()).toEqual([null, 1, 2, 'c']);
  });

  it('is unknown, and the first in the list is next, for a version that does not wait', async () => {
    const { read } = await given('z', page(['a', 'b'], null, 2));
    expect(read()).toEqual([null, null, 2, 'a']);
  });

  it('begins anew with other filters, and says nothing where nobody answers', async () => {
    const { filters, read } = await given('b', page(['a', 'b'], null, 2));
    get.mockRejectedValueOnce(new Error('away'));
    filters.value = 'project_id=q';
    await nextTick();
    await flush();
    expect(read()).toEqual([null, null, null, null]);
  });
});

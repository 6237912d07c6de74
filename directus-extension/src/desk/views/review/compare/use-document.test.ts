import { describe, expect, it, vi } from 'vitest';
import { effectScope, nextTick, ref, shallowRef } from 'vue';
import type { Problem } from '../../../api/problem';
import { useDocument, type Side } from './use-document';

const side = (versionId: string, id = `file-${versionId}`): Side => ({ versionId, file: { id, changed_at: null }, label: versionId, download: '' });
const refused = (code: string, details = {}): Problem => ({ code, status: code === 'page_not_found' ? 404 : 422, message: `It is ${code}.`, next: null, details, requestId: null });

/** Documents of a candidate (3 pages) and an approved version (2 pages); every page is there at once unless `look` says otherwise. */
function given({ sides = [side('new'), side('old')], counts = { new: 3, old: 2 } as Record<string, number>, look = async (_address: string, _signal: AbortSignal) => ({ width: 1600, height: 2263 }) } = {}) {
  const shown = shallowRef(sides);
  const closely = ref(false);
  const looked = vi.fn(look);
  const count = vi.fn(async ({ versionId }: Side) => counts[versionId] ?? Promise.reject(new Error('unknown')));
  const scope = effectScope();
  const documents = scope.run(() => useDocument(() => shown.value, { count, look: looked, closely: () => closely.value }))!;
  /** What is to be seen: version and page. */
  const seen = () => documents.pictures.value.map(({ label, source }) => `${label} ${/pages\/(\d+)/.exec(source)![1]}`);
  return { ...documents, shown, closely, looked, count, seen, stop: () => scope.stop() };
}
const settled = async () => {
  for (let turn = 0; turn < 20; turn += 1) await nextTick();
};

describe('documents beside each other', () => {
  it('begin at their first pages and turn together', async () => {
    const { seen, turn, page, pagesOf } = given();
    await settled();
    expect([seen(), pagesOf(0), pagesOf(1)]).toEqual([['new 1', 'old 1'], 3, 2]);
    turn(2);
    await settled();
    expect([seen(), page.value]).toEqual([['new 2', 'old 2'], 2]);
  });

  it('end with the candidate, and say which other one ends before it', async () => {
    const { seen, turn, pageOf, absent } = given();
    await settled();
    turn(9);
    await settled();
    expect([seen(), pageOf(0), absent.value]).toEqual([['new 3'], 3, [{ label: 'old', pages: 2, problem: null }]]);
    turn(-4);
    await settled();
    expect([seen(), absent.value]).toEqual([['new 1', 'old 1'], []]);
  });

  it('turn by themselves once they are let go, and come together again', async () => {
    const { seen, turn, together } = given();
    await settled();
    turn(2);
    together.value = false;
    await settled();
    turn(3);
    await settled();
    expect(seen()).toEqual(['new 3', 'old 2']);
    turn(1, 1);
    await settled();
    expect(seen()).toEqual(['new 3', 'old 1']);
    turn(5, 1);
    await settled();
    expect(seen()).toEqual(['new 3', 'old 2']);
    turn(1);
    together.value = true;
    await settled();
    expect(seen()).toEqual(['new 1', 'old 1']);
  });

  it('show the page before until every side of the next one is there', async () => {
    const waiting: (() => void)[] = [];
    const look = (address: string) =>
      new Promise<{ width: number; height: number }>((there) => (address.includes('/pages/1') ? there({ width: 1, height: 1 }) : waiting.push(() => there({ width: 1, height: 1 }))));
    const { seen, turn, page, loading } = given({ look, counts: {} });
    await settled();
    turn(2);
    await settled();
    waiting[0]!();
    await settled();
    expect([seen(), page.value, loading.value]).toEqual([['new 1', 'old 1'], 1, true]);
    waiting[1]!();
    await settled();
    expect([seen(), page.value, loading.value]).toEqual([['new 2', 'old 2'], 2, false]);
  });

  it('never show a page that was turned past, however late it comes', async () => {
    const late: Record<string, () => void> = {};
    const look = (address: string, signal: AbortSignal) =>
      new Promise<{ width: number; height: number }>((there, gone) => {
        late[/pages\/(\d+)/.exec(address)![1]!] = () => there({ width: 1, height: 1 });
        signal.addEventListener('abort', () => gone(new Error('turned')));
      });
    const { seen, turn } = given({ sides: [side('new')], look });
    await settled();
    turn(2);
    await settled();
    turn(3);
    await settled();
    late['3']!();
    await settled();
    late['2']!();
    await settled();
    expect(seen()).toEqual(['new 3']);
  });

  it('begin anew with another candidate, and keep their page when another version is compared with', async () => {
    const { seen, turn, shown, together, page } = given({ counts: { new: 3, old: 2, other: 3, next: 1 } });
    await settled();
    turn(2);
    await settled();
    shown.value = [side('new'), side('other')];
    await settled();
    expect(seen()).toEqual(['new 2', 'other 2']);
    together.value = false;
    shown.value = [side('next'), side('new')];
    await settled();
    expect([seen(), page.value, together.value]).toEqual([['next 1', 'new 1'], 1, true]);
  });

  it('tell a file that both versions have apart', async () => {
    const { pictures } = given({ sides: [side('new', 'shared'), side('old', 'shared')] });
    await settled();
    expect(pictures.value.map(({ id }) => id)).toEqual(['shared', 'old/shared']);
  });
});

describe('a page that cannot be seen', () => {
  it('is a problem where it is the candidate’s, and is asked for again', async () => {
    let locked = true;
    const look = async (address: string) => (locked && address.includes('/new/') ? Promise.reject(refused('document_locked')) : { width: 1, height: 1 });
    const { pictures, problem, retry } = given({ look });
    await settled();
    expect([pictures.value, problem.value?.message]).toEqual([[], 'It is document_locked.']);
    locked = false;
    retry();
    await settled();
    expect([pictures.value.length, problem.value]).toEqual([2, null]);
  });

  it('leaves the candidate alone where it is another version’s', async () => {
    const look = async (address: string) => (address.includes('/old/') ? Promise.reject(refused('document_unreadable')) : { width: 1, height: 1 });
    const { seen, absent, problem } = given({ look });
    await settled();
    expect([seen(), problem.value, absent.value[0]?.problem?.code]).toEqual([['new 1'], null, 'document_unreadable']);
  });

  it('because there are fewer pages tells how many there are', async () => {
    const look = async (address: string) => (/\/pages\/[4-9]/.test(address) ? Promise.reject(refused('page_not_found', { pages: 3 })) : { width: 1, height: 1 });
    const { seen, turn, pagesOf, problem } = given({ sides: [side('new')], counts: {}, look });
    await settled();
    turn(7);
    await settled();
    expect([seen(), pagesOf(0), problem.value]).toEqual([['new 3'], 3, null]);
  });
});

describe('what is fetched', () => {
  it('is the page to come, after the one that is looked at', async () => {
    const { looked } = given({ sides: [side('new')] });
    await settled();
    expect(looked.mock.calls.map(([address]) => address)).toEqual(['/artifacts/v1/artifacts/new/files/file-new/pages/1?width=1600', '/artifacts/v1/artifacts/new/files/file-new/pages/2?width=1600']);
  });

  it('is finer for who looks closely, and shown when it is there', async () => {
    const { pictures, closely, looked } = given();
    await settled();
    expect(pictures.value.every(({ source, whole }) => source === whole)).toBe(true);
    closely.value = true;
    await settled();
    expect(pictures.value.map(({ whole }) => whole?.split('width=')[1])).toEqual(['2400', '2400']);
    expect(looked.mock.calls.filter(([address]) => address.includes('2400'))).toHaveLength(2);
  });

  it('is each number of pages, once', async () => {
    const { turn, count } = given();
    await settled();
    turn(2);
    await settled();
    expect(count).toHaveBeenCalledTimes(2);
  });
});

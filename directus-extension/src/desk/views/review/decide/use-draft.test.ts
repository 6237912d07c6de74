// @vitest-environment happy-dom
import { effectScope, nextTick, ref } from 'vue';
import { afterEach, describe, expect, it } from 'vitest';
import { clearDraft, emptied, useDraft } from './use-draft';

const given = (id = ref('a')) => effectScope().run(() => ({ id, draft: useDraft(() => id.value) }))!;

describe('what is typed and drawn on a version', () => {
  afterEach(() => sessionStorage.clear());

  it('survives a reload', async () => {
    const { draft } = given();
    draft.reason = 'Too dark.';
    draft.regions.push({ shape: 'point', x: 0.5, y: 0.5 });
    await nextTick();
    expect(given().draft).toMatchObject({ reason: 'Too dark.', regions: [{ shape: 'point', x: 0.5, y: 0.5 }] });
  });

  it('belongs to its version: another one has its own, and going back finds it', async () => {
    const { id, draft } = given();
    draft.reason = 'Of a.';
    id.value = 'b';
    expect(draft.reason).toBe('');
    draft.reason = 'Of b.';
    id.value = 'a';
    expect(draft.reason).toBe('Of a.');
    await nextTick();
    expect(given(ref('b')).draft.reason).toBe('Of b.');
  });

  it('leaves nothing behind when it was sent', async () => {
    const { draft } = given();
    draft.reason = 'Sent.';
    await nextTick();
    clearDraft('a');
    emptied(draft);
    await nextTick();
    expect([sessionStorage.length, draft.reason, draft.regions]).toEqual([0, '', []]);
  });

  it('begins anew where what was kept cannot be read', () => {
    sessionStorage.setItem('artifacts:draft:a', '{');
    expect(given().draft.reason).toBe('');
  });
});

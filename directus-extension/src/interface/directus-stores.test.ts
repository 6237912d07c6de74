import { describe, expect, it, vi } from 'vitest';
import { storesOf } from './directus-stores';

describe("Directus' stores", () => {
  it('are told that versions changed, as the form listens for it', () => {
    const triggerSystemToolResult = vi.fn();
    const stores = storesOf(new Map([['ai-tools-store', { triggerSystemToolResult }]]));
    expect(stores.refreshForm('artifact_versions')).toBe(true);
    expect(triggerSystemToolResult).toHaveBeenCalledWith('items', { collection: 'artifact_versions', action: 'update' });
  });

  it('show a refusal that nobody would see otherwise', () => {
    const add = vi.fn();
    expect(storesOf(new Map([['notificationsStore', { add }]])).notify('Not done', 'Somebody was faster.')).toBe(true);
    expect(add).toHaveBeenCalledWith({ title: 'Not done', text: 'Somebody was faster.', type: 'error', dialog: true });
  });

  it.each([undefined, new Map<string, unknown>(), new Map([['ai-tools-store', {}], ['notificationsStore', {}]])])('say so where there are none', (found) => {
    const stores = storesOf(found as Map<string, unknown> | undefined);
    expect([stores.refreshForm('artifact_versions'), stores.notify('a', 'b')]).toEqual([false, false]);
  });
});

// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils';
import { effectScope } from 'vue';
import { describe, expect, it, vi } from 'vitest';
import { lockOf, useContext, type Lock } from './use-context';

const registry = vi.hoisted(() => ({ get: vi.fn(), getFresh: vi.fn() }));
vi.mock('../../api/registry', () => ({ useRegistry: () => registry }));

const lock = (schema_key: string | null) => ({ schema_key, owner: 'Robin' }) as Lock;
const locks = (...keys: (string | null)[]) => new Map(keys.map((key) => [key ?? '*', lock(key)]));

describe('the lock of a path', () => {
  it.each([
    ['brand.logo', ['brand.logo'], 'brand.logo'],
    ['brand.logo', ['brand'], 'brand'],
    ['scenes[2].cover', ['scenes'], 'scenes'],
    ['scenes[2].cover', ['scenes[2]'], 'scenes[2]'],
    ['scenes[2].cover', [null], null],
  ])('%s is that of %j', (path, keys, covering) => {
    expect(lockOf(path, locks(...keys))?.schema_key).toBe(covering);
  });

  it.each([['brand.logo', ['brand.log']], ['brand.logo', ['brand.logo.small']], ['scenes[12]', ['scenes[1]']]])('of %s is none with %j', (path, keys) => {
    expect(lockOf(path, locks(...keys))).toBeNull();
  });
});

describe('what stands around a context', () => {
  it('is read again when somebody asks, although the context is the same', async () => {
    let held: Lock[] = [];
    let away = true;
    registry.getFresh.mockImplementation(async (_id: string, _path: string, _query: object, known: string | null) => (known ? null : { answer: { data: {} }, etag: '"1"' }));
    registry.get.mockImplementation(async (operation: string) => {
      if (away) throw new Error('away');
      return { data: operation === 'getProject' ? { context_version: 1 } : operation === 'listLocks' ? held : [] };
    });
    const scope = effectScope();
    const context = scope.run(() => useContext(() => 'p', () => null))!;
    await flushPromises();
    expect(context.aroundProblem.value?.message).toBe('away');

    away = false;
    await context.refresh();
    await flushPromises();
    expect(context.aroundProblem.value).toBeNull();

    held = [lock('brand.logo')];
    await context.refresh();
    await flushPromises();
    expect(context.around.value.locks.has('brand.logo')).toBe(true);
    scope.stop();
  });
});

import { describe, expect, it } from 'vitest';
import { lockOf, type Lock } from './use-context';

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

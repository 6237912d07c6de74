import { readFileSync } from 'node:fs';
import openapi, { astToString } from 'openapi-typescript';
import { expect, it } from 'vitest';

it('is what the API describes: npm run types', async () => {
  const description = new URL('../../../../docs/reference/openapi.json', import.meta.url);
  const fresh = astToString(await openapi(JSON.parse(readFileSync(description, 'utf8')), { rootTypes: true, alphabetize: true }));
  const kept = readFileSync(new URL('schema.d.ts', import.meta.url), 'utf8');
  // The program writes a heading above what the library makes.
  expect(kept.slice(kept.indexOf('export '))).toBe(fresh.slice(fresh.indexOf('export ')));
}, 60_000);

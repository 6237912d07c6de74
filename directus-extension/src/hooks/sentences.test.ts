import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CODES, sentenceOf } from './sentences';

const registryCodes = readFileSync(new URL('../../../sidecar/errors.py', import.meta.url), 'utf8');

it.each(CODES)('%s is a code of the registry too, and its sentence fits the error dialog', (code) => {
  expect(registryCodes).toContain(`"${code}": Code(`);
  expect(sentenceOf(code).length).toBeLessThanOrEqual(200);
});

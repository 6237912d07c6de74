import { createError } from '@directus/errors';
import { describe, expect, it } from 'vitest';
import { explainDatabaseError } from './database-errors';

const postgresError = (code: string, message: string, more = {}) => Object.assign(new Error(`update "t" set "a" = 'x - y' - ${message}`), { code, ...more });

describe("a guard's refusal", () => {
  it.each(['23514', 'P0001'])('with SQLSTATE %s is a 409 with its name and sentence', (code) => {
    const error = postgresError(code, 'A version never changes.', { constraint: 'version_immutable' });
    expect(explainDatabaseError(error)).toMatchObject({ status: 409, code: 'version_immutable', message: 'A version never changes.' });
  });

  it('hands its hint on as the next step', () => {
    const error = postgresError('23514', 'No.', { constraint: 'rule', hint: 'Do this.' });
    expect(explainDatabaseError(error)).toMatchObject({ extensions: { next: 'Do this.' } });
  });

  it('reads a message without a statement too', () => {
    const error = Object.assign(new Error('Plain.'), { code: '23514', constraint: 'rule' });
    expect(explainDatabaseError(error)).toMatchObject({ message: 'Plain.' });
  });
});

describe('a plain CHECK', () => {
  const broken = (constraint: string) =>
    explainDatabaseError(postgresError('23514', `new row for relation "t" violates check constraint "${constraint}"`, { constraint }));

  it('is a 422 with our sentence', () => {
    expect(broken('relation_not_to_itself')).toMatchObject({ status: 422, code: 'relation_not_to_itself', message: 'A version cannot be its own source.' });
  });

  it("of somebody else's is read from its name", () => {
    expect(broken('price_is_positive')).toMatchObject({ status: 422, message: 'A value breaks the rule "price is positive" of the database.' });
  });
});

describe('a missing privilege', () => {
  it('on a table of the registry is registry_only', () => {
    expect(explainDatabaseError(postgresError('42501', 'permission denied for table promotions'))).toMatchObject({ status: 403, code: 'registry_only' });
  });

  it('elsewhere stays as it is', () => {
    const error = postgresError('42501', 'permission denied for table invoices');
    expect(explainDatabaseError(error)).toBe(error);
  });
});

describe('what stays as it is', () => {
  it.each([
    ["Directus' own errors", new (createError('RECORD_NOT_UNIQUE', 'x', 400))()],
    ['a foreign key', postgresError('23503', 'x', { constraint: 'fk' })],
    ['an exception without a name', postgresError('P0001', 'x')],
    ['something that is no error', 'text'],
  ])('%s', (_name, error) => {
    expect(explainDatabaseError(error)).toBe(error);
  });
});

import { createError, type DirectusError } from '@directus/errors';

export type Extensions = Record<string, unknown>;
export type Refusal = DirectusError<Extensions>;

/**
 * A Directus error whose code is `code` as it stands. Directus' error dialog cuts messages at 200 characters.
 *
 * createError writes codes in capitals; ours are the names of constraints and of translations, so they are set again.
 * `cause` repeats code and status because the log of a Flow keeps an Error's name, message and cause only.
 */
export function refusal(status: number, code: string, message: string, extensions: Extensions = {}): Refusal {
  const error = new (createError<Extensions>(code, message, status))(extensions, { cause: { code, status } });
  error.code = code;
  return error;
}

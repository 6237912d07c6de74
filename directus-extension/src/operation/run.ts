import type { Refusal } from '../registry/refusal';
import type { Call } from './calls';

/**
 * The answers to all calls, one after another, in order. Every call is tried, because each decides for itself;
 * then the first refusal is raised. It says in `refused` what each refused item was told.
 */
export async function callAll<Answer>(calls: Call[], call: (one: Call) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  const refused: { item: unknown; error: Refusal }[] = [];
  for (const one of calls) {
    try {
      answers.push(await call(one));
    } catch (error) {
      refused.push({ item: one.item, error: error as Refusal });
    }
  }
  const first = refused[0]?.error;
  if (!first) return answers;
  if (calls.length > 1) first.extensions = { ...first.extensions, done: answers.length, refused: refused.map(said) };
  throw first;
}

function said({ item, error }: { item: unknown; error: Refusal }) {
  return { item, code: error.code, message: error.message };
}

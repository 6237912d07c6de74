import { computed, effectScope, ref } from 'vue';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Act, Decisions } from '../../composables/use-decisions';
import { aRow } from './a-row';
import { useDeciding, type Deciding } from './use-deciding';
import { useLines, type Lines } from './use-lines';

vi.mock('../../composables/use-texts', () => ({ useTexts: () => ({ t: (key: string, values?: { count?: string; name?: string }) => `${key} ${values?.count ?? values?.name ?? ''}`.trim(), n: String }) }));

const few = [aRow('a'), aRow('b', { may_decide: false, why_not: 'own_work' }), aRow('c'), aRow('d', { may_decide: false, why_not: 'not_allowed' })];
let rows = few;
const acts = ref<Act[]>([]);
let lines: Lines;
let deciding: Deciding;

beforeEach(() => given(few));
function given(these: typeof few): void {
  [rows, acts.value] = [these, []];
  const underWay = computed(() => new Set(acts.value.flatMap((act) => act.decisions.map((each) => each.artifact_version_id))));
  const decide = (decisions: Act['decisions'], options: Act['options']) => {
    acts.value.push({ id: String(acts.value.length), decisions, options, state: 'waiting', until: 0, problem: null, answer: null });
    return acts.value.at(-1)!;
  };
  effectScope(true).run(() => {
    lines = useLines(() => rows, () => 'path', () => underWay.value);
    deciding = useDeciding({ decisions: { acts, underWay, decide } as unknown as Decisions, rows: () => rows, lines, away: () => underWay.value, place: () => '/here' });
  });
}
const sent = () => acts.value.map(({ decisions, options }) => [options.label, ...decisions.map((each) => `${each.action} ${each.artifact_version_id} ${each.reason ?? ''}`.trim())]);

describe('deciding in the list', () => {
  it('approves what one is on and goes to the next', () => {
    deciding.act('approve');
    expect(sent()).toEqual([['decide.label.approve path.a desk.v', 'approve a']]);
    expect(lines.cursor.active.value).toBe('b');
  });

  it('asks for a reason first, and gives all of them the same', () => {
    lines.selectAll();
    deciding.act('reject');
    expect(deciding.asking.value?.rows.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(acts.value).toEqual([]);
    deciding.reasons.drafts.value = { reject: ' Too dark. ' };
    deciding.send();
    expect(deciding.asking.value).toBeNull();
    expect(sent()).toEqual([['inbox.did.reject 3', 'reject a Too dark.', 'reject b Too dark.', 'reject c Too dark.']]);
    expect(lines.cursor.active.value).toBe('d');
  });

  it('offers nothing that the registry does not', () => {
    lines.cursor.go('b');
    expect([deciding.can('approve'), deciding.can('reject')]).toEqual([false, true]);
    lines.cursor.go('d');
    expect([deciding.can('approve'), deciding.can('reject')]).toEqual([false, false]);
    deciding.act('reject');
    expect(deciding.asking.value).toBeNull();
  });

  it('decides no more than one request carries, by keys neither', () => {
    given(Array.from({ length: 501 }, (_, at) => aRow(`r${at}`)));
    lines.selectAll();
    expect(deciding.can('approve')).toBe(false);
    deciding.act('approve');
    deciding.act('reject');
    expect([acts.value, deciding.asking.value]).toEqual([[], null]);
    lines.cursor.toggle(['r0']);
    expect(deciding.can('approve')).toBe(true);
  });
});

import { computed, effectScope, onScopeDispose, ref, type ComputedRef, type EffectScope, type Ref } from 'vue';
import { addressOf } from '../api/addresses';
import { isPassing, problemOf, type Problem } from '../api/problem';
import { newKey, useRegistry, type Registry } from '../api/registry';
import type { AnswerOf, BodyOf } from '../api/types';
import { clearDraft } from '../views/review/decide/use-draft';
import { OURS, usePerson, whenThePersonLeaves } from './person';

export interface Decision {
  artifact_version_id: string;
  action: 'approve' | 'reject' | 'request_changes' | 'comment' | 'archive' | 'withdraw';
  reason?: string;
  feedback?: Record<string, unknown>;
}

export interface Options {
  reject_others?: boolean;
  promote?: boolean | 'task_done';
  /** What the bar says: "3 approved". */
  label: string;
  /** Where it was decided: undoing goes back there. */
  place?: string;
}

export interface Act {
  /** Its Idempotency-Key as well: however often it is sent, it is done once. */
  id: string;
  decisions: Decision[];
  options: Options;
  state: 'waiting' | 'sending' | 'done' | 'refused';
  /** Milliseconds since 1970: when it is sent. */
  until: number;
  problem: Problem | null;
  answer: AnswerOf<'review'> | null;
}

export type Settled = (act: Act) => void | Promise<void>;

export interface Decisions {
  acts: Readonly<Ref<Act[]>>;
  /** Waits UNDO_MS, then sends all decisions in one request: all of them or none. */
  decide(decisions: Decision[], options: Options): Act;
  /** Takes back what has not been sent yet. */
  undo(id: string): void;
  sendNow(id: string): void;
  /** Takes it off the bar; what is not sent yet stays. */
  dismiss(id: string): void;
  /** Sends a refused act again, under its own key. */
  again(id: string): void;
  /** Versions that are on their way to being decided: lists hide or mark them. */
  underWay: ComputedRef<ReadonlySet<string>>;
  /** Called after an act is done or refused, so that views refresh. Returns the way to stop. */
  onSettled(then: Settled): () => void;
}

export const UNDO_MS = 5000;
const KEPT = `${OURS}acts`;
/** Browsers carry this much beyond the end of a page. */
const BEYOND_THE_PAGE = 60_000;

let shared: { decisions: Decisions; scope: EffectScope } | null = null;
whenThePersonLeaves(() => {
  shared?.scope.stop();
  shared = null;
});

/** One state for the whole desk, so that it survives going to another view; not that of another person. */
export function useDecisions(): Decisions {
  usePerson();
  shared ??= begun(useRegistry());
  return shared.decisions;
}

function begun(registry: Registry): NonNullable<typeof shared> {
  const scope = effectScope(true);
  const decisions = scope.run(() => decisionsOver(registry, sessionStorage))!;
  // Whatever page is open by then: a version that is sent back later begins without what was said before.
  decisions.onSettled(({ state, decisions: made }) => {
    if (state === 'done') made.forEach(({ artifact_version_id }) => clearDraft(artifact_version_id));
  });
  return { decisions, scope };
}

/** Ends with the scope it is called in: what waits then is kept, and goes out when the same person is back. */
export function decisionsOver(registry: Pick<Registry, 'send'>, storage: Storage): Decisions {
  const acts = ref<Act[]>([]);
  const refreshing = ref(new Set<string>());
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const listeners = new Set<Settled>();
  let ended = false;

  const find = (id: string) => acts.value.find((act) => act.id === id);
  const underWay = computed<ReadonlySet<string>>(() => {
    const moving = acts.value.filter(({ id, state }) => state === 'waiting' || state === 'sending' || refreshing.value.has(id));
    // A comment leaves the version where it is.
    return new Set(moving.flatMap(({ decisions }) => decisions.filter(({ action }) => action !== 'comment').map((each) => each.artifact_version_id)));
  });

  function decide(decisions: Decision[], options: Options): Act {
    const id = newKey();
    acts.value.push({ id, decisions, options, state: 'waiting', until: Date.now() + UNDO_MS, problem: null, answer: null });
    timers.set(id, setTimeout(() => void send(id), UNDO_MS));
    return find(id)!;
  }

  async function send(id: string): Promise<void> {
    const act = find(id);
    if (ended || !act || act.state === 'sending' || act.state === 'done') return;
    stop(id);
    [act.state, act.problem] = ['sending', null];
    try {
      act.answer = await registry.send('review', 'POST', '/v1/reviews', bodyOf(act), { key: id });
      await settle(act, 'done');
    } catch (error) {
      act.problem = problemOf(error);
      await settle(act, 'refused');
    }
  }

  async function settle(act: Act, state: 'done' | 'refused'): Promise<void> {
    if (ended) return;
    // What is done stays hidden until the lists have read what is so now; else it would come back for a moment.
    if (state === 'done') refreshing.value.add(act.id);
    act.state = state;
    keep();
    await Promise.allSettled([...listeners].map(async (then) => then(act)));
    refreshing.value.delete(act.id);
  }

  function stop(id: string): void {
    clearTimeout(timers.get(id));
    timers.delete(id);
  }

  function remove(id: string): void {
    stop(id);
    acts.value = acts.value.filter((act) => act.id !== id);
    keep();
  }

  /** What nobody has answered survives a reload. */
  function keep(leaving = false): void {
    if (ended) return;
    const open = acts.value.filter((act) => (act.state === 'refused' && act.problem && isPassing(act.problem)) || (leaving && ['waiting', 'sending'].includes(act.state)));
    if (open.length > 0) storage.setItem(KEPT, JSON.stringify(open));
    else storage.removeItem(KEPT);
  }

  function restore(): void {
    const found = JSON.parse(storage.getItem(KEPT) ?? '[]') as Act[];
    storage.removeItem(KEPT);
    acts.value.push(...found.map((act) => ({ ...act, state: 'refused' as const })));
    // These went out as the page was left. Their key tells whether they arrived.
    for (const { id, state } of found) if (state !== 'refused') void send(id);
  }

  function leave(): void {
    keep(true);
    for (const act of acts.value.filter(({ state }) => state === 'waiting')) {
      stop(act.id);
      act.state = 'sending';
      void beyondThePage(act);
    }
  }

  function onReturn({ persisted }: PageTransitionEvent): void {
    if (!persisted) return;
    for (const act of acts.value.filter(({ state }) => state === 'sending')) {
      act.state = 'refused';
      void send(act.id);
    }
  }

  function onUnload(event: BeforeUnloadEvent): void {
    const large = acts.value.filter((act) => act.state === 'waiting' && JSON.stringify(bodyOf(act)).length > BEYOND_THE_PAGE);
    for (const { id } of large) void send(id);
    if (large.length > 0) event.preventDefault();
  }

  onScopeDispose(() => {
    keep(true);
    ended = true;
    acts.value.forEach(({ id }) => stop(id));
    window.removeEventListener('pagehide', leave);
    window.removeEventListener('pageshow', onReturn);
    window.removeEventListener('beforeunload', onUnload);
  }, true);
  window.addEventListener('pagehide', leave);
  window.addEventListener('pageshow', onReturn);
  window.addEventListener('beforeunload', onUnload);
  restore();

  return {
    acts,
    decide,
    underWay,
    undo: (id) => find(id)?.state === 'waiting' && remove(id),
    sendNow: (id) => find(id)?.state === 'waiting' && void send(id),
    again: (id) => find(id)?.state === 'refused' && void send(id),
    dismiss: (id) => ['done', 'refused'].includes(find(id)?.state ?? '') && remove(id),
    onSettled: (then) => {
      listeners.add(then);
      return () => void listeners.delete(then);
    },
  };
}

function bodyOf({ decisions, options: { reject_others, promote } }: Act): BodyOf<'review'> {
  const body = { decisions, ...(reject_others ? { reject_others } : {}), ...(promote === undefined ? {} : { promote }) };
  // The description marks what has a default as if it had to be sent.
  return body as BodyOf<'review'>;
}

/** The browser sends it although the page is gone; nobody reads the answer, the next page asks under the same key. */
async function beyondThePage(act: Act): Promise<void> {
  await fetch(addressOf('/artifacts/v1/reviews'), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': act.id },
    body: JSON.stringify(bodyOf(act)),
    keepalive: true,
  }).catch(() => undefined);
}

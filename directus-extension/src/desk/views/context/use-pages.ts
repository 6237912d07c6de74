import { ref, shallowRef, watch } from 'vue';
import { problemOf, type Problem } from '../../api/problem';

export interface Page<Row> {
  rows: Row[];
  /** Where the next page begins; null on the last. */
  next: string | number | null;
}

/** A list that is read page by page, from the start again whenever `question` is another one. */
export function usePages<Row>(read: (after: string | number | null) => Promise<Page<Row>>, question: () => unknown) {
  const rows = shallowRef<Row[]>([]);
  const problem = shallowRef<Problem | null>(null);
  const loading = ref(false);
  const ended = ref(false);
  let next: string | number | null = null;
  let turn = 0;

  async function more(): Promise<void> {
    if (loading.value || ended.value) return;
    const mine = turn;
    loading.value = true;
    try {
      const page = await read(next);
      if (mine !== turn) return;
      rows.value = [...rows.value, ...page.rows];
      next = page.next;
      ended.value = page.next === null;
      problem.value = null;
    } catch (error) {
      if (mine === turn) problem.value = problemOf(error);
    } finally {
      if (mine === turn) loading.value = false;
    }
  }

  function restart(): Promise<void> {
    turn += 1;
    [rows.value, next, ended.value, loading.value] = [[], null, false, false];
    return more();
  }

  watch(question, restart, { immediate: true });
  return { rows, problem, loading, ended, more, restart };
}

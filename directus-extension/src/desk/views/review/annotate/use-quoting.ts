import { ref, watch, type Ref } from 'vue';
import { quoteIn } from './quote';
import type { Marks } from './use-marks';

/** Marks the words that somebody selected on the page, where they are part of the value. */
export interface Quoting {
  /** What was selected last is no part of it. */
  notQuoted: Ref<boolean>;
  quote: (selected: string) => void;
}

export function useQuoting(marks: Pick<Marks, 'add'>, id: () => string, value: () => unknown): Quoting {
  const notQuoted = ref(false);
  watch(id, () => (notQuoted.value = false));
  return {
    notQuoted,
    quote: (selected) => {
      const found = quoteIn(value(), selected);
      notQuoted.value = found === null;
      if (found) marks.add({ shape: 'text', ...found });
    },
  };
}

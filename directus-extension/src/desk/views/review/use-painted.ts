import { nextTick, watch, type Ref } from 'vue';

const MARK = 'artifacts:candidate-painted';

/** Marks when a candidate is to be seen: its picture, too, where it has one. Benches and tests read the marks. */
export function usePainted(stage: Ref<HTMLElement | null>, id: () => string | undefined): void {
  watch(
    id,
    async (now) => {
      if (!now) return;
      await nextTick();
      const picture = stage.value?.querySelector('img');
      // A picture that cannot be shown is as far as it gets.
      if (picture && !picture.complete) await picture.decode().catch(() => undefined);
      requestAnimationFrame(() => now === id() && performance.mark(MARK, { detail: { id: now } }));
    },
    { immediate: true, flush: 'post' },
  );
}

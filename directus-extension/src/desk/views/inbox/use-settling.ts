import { onScopeDispose } from 'vue';
import { useIdle } from './use-idle';
import type { Inbox } from './use-inbox';

interface Options {
  isIdle: ReturnType<typeof useIdle>;
  visible: (id: string) => boolean;
  atTop: () => boolean;
}

/** What is gone leaves once nobody is busy, or at once where nobody sees it; what is new comes in while the list rests at its top. */
export function useSettling(inbox: Pick<Inbox, 'sweep' | 'showNews' | 'news' | 'gone'>, { isIdle, visible, atTop }: Options): void {
  const clock = setInterval(() => {
    const idle = isIdle();
    if (inbox.gone.value.size > 0) inbox.sweep((id) => !idle && visible(id));
    if (idle && inbox.news.value.length > 0 && atTop()) inbox.showNews();
  }, 1000);
  onScopeDispose(() => clearInterval(clock));
}

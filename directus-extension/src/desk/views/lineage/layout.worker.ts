import { layout, type Task } from './layout';

/** Lays out what it is sent. One task, one answer: who no longer wants the answer ends the worker. */
addEventListener('message', ({ data }: MessageEvent<Task>) => {
  const middles = layout(data);
  (postMessage as (message: unknown, transfer: Transferable[]) => void)(middles, [middles.buffer]);
});

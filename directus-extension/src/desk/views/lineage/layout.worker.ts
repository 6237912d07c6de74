import { layout, type Task } from './layout';

/** Lays out what it is sent. One task, one answer: who no longer wants the answer ends the worker. */
addEventListener('message', ({ data }: MessageEvent<Task>) => {
  const laid = layout(data);
  (postMessage as (message: unknown, transfer: Transferable[]) => void)(laid, Object.values(laid).map(({ buffer }) => buffer));
});

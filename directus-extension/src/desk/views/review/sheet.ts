import type { Fresh, Registry } from '../../api/registry';
import type { Schemas } from '../../api/types';

/** All that a decision needs. */
export type Sheet = Schemas['Sheet'];
/** What somebody said when they decided on this version, or on an earlier one of its path. */
export type SheetRecord = Schemas['SheetRecord'];
export type EarlierFeedback = Schemas['EarlierFeedback'];

export async function askSheet(registry: Registry, id: string, known: string | null, signal?: AbortSignal): Promise<Fresh<Sheet> | null> {
  const fresh = await registry.getFresh('readReviewSheet', `/v1/artifacts/${id}/sheet`, undefined, known, signal);
  return fresh && { etag: fresh.etag, answer: fresh.answer.data };
}

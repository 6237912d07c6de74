import type { Schemas } from '../../api/types';
import { useTexts } from '../../composables/use-texts';
import type { Shown } from './graph';

/** How nodes are called, drawn and spoken. */
export function useNames() {
  const { t } = useTexts();

  function titleOf(node: Shown): string {
    if (node.kind === 'version') return node.schema_key;
    if (node.kind === 'group') return t('lineage.versions', { count: node.members.length }, node.members.length);
    const name = node.name ?? t(`lineage.kind.${node.kind}`);
    return node.kind === 'step' && (node.attempt ?? 1) > 1 ? t('lineage.attempt', { name, number: node.attempt }) : name;
  }

  /** All that the picture shows of a node, in one sentence. */
  function spoken(node: Shown, { why, affected }: { why: string | null; affected: 'direct' | 'indirect' | null }): string {
    if (node.kind === 'group') return [node.name, titleOf(node), node.stale && t('lineage.stale_within'), t('lineage.open_group')].filter(Boolean).join(', ');
    if (node.kind !== 'version') return [t(`lineage.kind.${node.kind}`), titleOf(node), node.status && t(`desk.status.${node.status}`)].filter(Boolean).join(', ');
    const parts = [node.schema_key, t('desk.version', { number: node.version_number }), t(`desk.status.${node.status}`)];
    return [...parts, node.direction === 'self' && t('lineage.this_one'), affected && t(`lineage.affected_${affected}`), node.stale && (why ?? t('lineage.stale'))].filter(Boolean).join(', ');
  }

  /** Why a version is stale, in words. */
  function whyOf(sources: readonly Pick<Schemas['Source'], 'schema_key' | 'version_number' | 'status' | 'successor'>[] | undefined): string | null {
    const [source, ...more] = sources ?? [];
    if (!source) return null;
    const said = { path: source.schema_key, number: source.version_number, status: t(`desk.status.${source.status}`).toLowerCase() };
    const text = source.successor ? t('lineage.why_successor', { ...said, now: source.successor.version_number }) : t('lineage.why', said);
    return more.length ? `${text} ${t('lineage.and_more', { count: more.length })}` : text;
  }

  function linkOf(node: Shown): string | null {
    if (node.kind === 'version') return `/artifacts/versions/${node.id}`;
    if (node.kind === 'group') return null;
    if (node.kind === 'execution') return `/artifacts/runs/${node.id}`;
    return node.execution_id ? `/artifacts/runs/${node.execution_id}?step=${node.id}` : `/content/execution_steps/${node.id}`;
  }

  return { titleOf, spoken, whyOf, linkOf };
}

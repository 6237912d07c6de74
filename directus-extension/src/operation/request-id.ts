/** As the registry accepts it. */
const REQUEST_ID = /^[\w.:/+=@-]{1,128}$/;

/** The id of the HTTP request that triggered a webhook or manual flow, if it brought one. */
export function requestIdOf(flowData: Record<string, unknown>): string | undefined {
  const trigger = flowData['$trigger'] as { headers?: Record<string, unknown> } | null | undefined;
  const id = trigger?.headers?.['x-request-id'];
  return typeof id === 'string' && REQUEST_ID.test(id) ? id : undefined;
}

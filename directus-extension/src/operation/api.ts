import type { defineOperationApi } from '@directus/extensions-sdk';
import { connectRegistry } from '../registry/client';
import { callsOf, type Options } from './calls';
import { requestIdOf } from './request-id';
import { callAll } from './run';

type Operation = Parameters<typeof defineOperationApi<Options>>[0];

/**
 * Calls the artifact registry as whoever triggered the flow.
 *
 * A refusal is thrown as the Directus error it is: the reject path reads {{$last.message}}, {{$last.code}} and
 * {{$last.status}}, and a manual flow with error_on_reject and no reject path shows it to the person as it stands.
 */
const operation: Operation = {
  id: 'artifacts-registry',
  handler: async (options, { env, logger, data, database, accountability }) => {
    // Never read from flow data, where whoever fills in a form or calls a webhook could write it.
    const caller = { accountability, database };
    const registry = connectRegistry(env, logger);
    const requestId = requestIdOf(data);
    const { calls, repeated } = callsOf(options);
    const answers = await callAll(calls, (call) => registry({ ...call, requestId }, caller));
    return repeated ? answers : answers[0];
  },
};

export default operation;

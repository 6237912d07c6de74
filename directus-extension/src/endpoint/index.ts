import type { defineEndpoint } from '@directus/extensions-sdk';
import { proxy } from './proxy';

type Endpoint = Exclude<Parameters<typeof defineEndpoint>[0], (...args: never[]) => unknown>;

/** `/artifacts/v1/…` of Directus is `/v1/…` of the registry, as whoever is logged in. */
const endpoint: Endpoint = {
  id: 'artifacts',
  handler: (router, { env, logger }) => {
    router.use('/v1', proxy(env, logger));
  },
};

export default endpoint;

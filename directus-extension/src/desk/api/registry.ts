import { useApi } from '@directus/extensions-sdk';
import type { AxiosInstance, AxiosRequestConfig } from './axios';
import { problemOf, type Problem } from './problem';
import type { AnswerOf, BodyOf, Operations, QueryOf } from './types';

export interface Asked {
  query?: Record<string, unknown>;
  body?: unknown;
  /** Repeating a write under the same key does it once. */
  key?: string;
  ifMatch?: number | string;
  /** The ETag of what is known: the answer is null if nothing has changed. */
  known?: string | null;
  signal?: AbortSignal;
}

export interface Fresh<Answer> {
  answer: Answer;
  etag: string | null;
}

/** The registry as the desk calls it. Everything throws a Problem (api/problem.ts). */
export interface Registry {
  get<Id extends keyof Operations>(operation: Id, path: string, query?: QueryOf<Id>, signal?: AbortSignal): Promise<AnswerOf<Id>>;
  /** As get, and null if it is still what `known` stands for. */
  getFresh<Id extends keyof Operations>(operation: Id, path: string, query?: QueryOf<Id>, known?: string | null, signal?: AbortSignal): Promise<Fresh<AnswerOf<Id>> | null>;
  send<Id extends keyof Operations>(operation: Id, method: 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: BodyOf<Id>, asked?: Pick<Asked, 'key' | 'ifMatch' | 'signal'>): Promise<AnswerOf<Id>>;
}

const NOT_MODIFIED = 304;

/** `path` is the operation's own, from /v1 on: `/v1/artifacts/${id}`. The name of the operation gives the types. */
export function useRegistry(): Registry {
  return registryOver(useApi() as unknown as AxiosInstance);
}

export function registryOver(api: AxiosInstance): Registry {
  const call = async (method: string, path: string, asked: Asked) => {
    try {
      return await api.request(requestOf(method, path, asked));
    } catch (error) {
      // Who asked has gone away; nobody wants to read a sentence about it.
      if (asked.signal?.aborted) throw asked.signal.reason;
      throw problemOf(error) satisfies Problem;
    }
  };
  return {
    get: async (_operation, path, query, signal) => (await call('GET', path, { query: query ?? {}, ...(signal ? { signal } : {}) })).data as never,
    getFresh: async (_operation, path, query, known, signal) => {
      const answer = await call('GET', path, { query: query ?? {}, known: known ?? null, ...(signal ? { signal } : {}) });
      return answer.status === NOT_MODIFIED ? null : { answer: answer.data as never, etag: header(answer.headers, 'etag') };
    },
    send: async (_operation, method, path, body, asked = {}) => (await call(method, path, { body: body ?? {}, ...asked })).data as never,
  };
}

/** A new key for one act of a person; the same act sent again uses the same one. */
export function newKey(): string {
  return crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function requestOf(method: string, path: string, { query, body, key, ifMatch, known, signal }: Asked): AxiosRequestConfig {
  return {
    method,
    url: `/artifacts${path}`,
    params: Object.fromEntries(Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null && value !== '')),
    ...(method === 'GET' || method === 'DELETE' ? {} : { data: body }),
    headers: {
      ...(key ? { 'Idempotency-Key': key } : {}),
      ...(ifMatch === undefined ? {} : { 'If-Match': `"${ifMatch}"` }),
      // Without this the browser's own cache would answer 200 for a 304.
      ...(known ? { 'If-None-Match': known, 'Cache-Control': 'no-cache' } : {}),
    },
    validateStatus: (status: number) => (status >= 200 && status < 300) || status === NOT_MODIFIED,
    ...(signal ? { signal } : {}),
  };
}

function header(headers: unknown, name: string): string | null {
  return (headers as Record<string, string | undefined>)[name] ?? null;
}

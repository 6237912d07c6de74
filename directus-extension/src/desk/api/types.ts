import type { components, operations } from './schema';

export type Schemas = components['schemas'];
export type Operations = operations;

export type Version = Schemas['Version'];
export type FileOfVersion = Schemas['File'];

/** The query of an operation, as its description says. */
export type QueryOf<Id extends keyof operations> = operations[Id] extends { parameters: { query?: infer Query } } ? NonNullable<Query> : never;
/** The JSON body of an operation. */
export type BodyOf<Id extends keyof operations> = operations[Id] extends { requestBody?: { content: { 'application/json': infer Body } } } ? Body : never;
/** The answer of an operation, with `data` and perhaps `meta`. */
export type AnswerOf<Id extends keyof operations> = Ok<operations[Id]['responses']>;

type Ok<Responses> = Responses extends { 200: { content: { 'application/json': infer Answer } } }
  ? Answer
  : Responses extends { 201: { content: { 'application/json': infer Answer } } }
    ? Answer
    : never;

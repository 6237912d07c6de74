import { defineOperationApp } from '@directus/extensions-sdk';

const METHODS = ['POST', 'GET', 'PATCH', 'PUT', 'DELETE'];

export default defineOperationApp({
  id: 'artifacts-registry',
  name: 'Artifact registry',
  icon: 'approval_delegation',
  description: 'Calls the artifact registry as the person who triggered the flow.',
  overview: ({ method, path, repeat }) => [
    { label: 'Call', text: `${method ?? 'POST'} ${path ?? ''}` },
    ...(repeat ? [{ label: 'For each of', text: typeof repeat === 'string' ? repeat : JSON.stringify(repeat) }] : []),
  ],
  options: [
    {
      field: 'method',
      name: 'Method',
      type: 'string',
      schema: { default_value: 'POST' },
      meta: {
        width: 'half',
        interface: 'select-dropdown',
        options: { choices: METHODS.map((method) => ({ text: method, value: method })) },
      },
    },
    {
      field: 'path',
      name: 'Path',
      type: 'string',
      meta: { width: 'half', required: true, interface: 'input', note: 'Begins with /v1/', options: { placeholder: '/v1/reviews', font: 'monospace' } },
    },
    {
      field: 'body',
      name: 'Body',
      type: 'json',
      meta: {
        width: 'full',
        interface: 'input-code',
        note: 'A JSON object. A value that is one {{…}} alone keeps its type; empty texts are sent as null.',
        options: { language: 'json', placeholder: '{ "artifact_version_ids": "{{$trigger.body.keys}}", "action": "approve" }' },
      },
    },
    {
      field: 'repeat',
      name: 'For each of',
      type: 'json',
      meta: {
        width: 'full',
        interface: 'input-code',
        note: 'A list, or {{…}} of one: calls once for each item, which stands where path or body say $item. Answers a list.',
        options: { language: 'json', placeholder: '"{{$trigger.keys}}"' },
      },
    },
  ],
});

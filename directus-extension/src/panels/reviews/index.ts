import { definePanel } from '@directus/extensions-sdk';
import ReviewsPanel from './ReviewsPanel.vue';

/** What Directus' own panels cannot work out: differences of two times, and shares. */
export default definePanel({
  id: 'artifacts-reviews',
  name: 'Artifact reviews',
  icon: 'fact_check',
  description: 'What waits by age, the time to a decision, or the share of approvals by path.',
  component: ReviewsPanel,
  minWidth: 14,
  minHeight: 10,
  options: [
    {
      field: 'figure',
      name: 'Shows',
      type: 'string',
      schema: { default_value: 'waiting' },
      meta: {
        width: 'half',
        interface: 'select-dropdown',
        options: {
          choices: [
            { text: 'What waits, by age', value: 'waiting' },
            { text: 'Time to decision', value: 'time' },
            { text: 'Approved by path', value: 'paths' },
          ],
        },
      },
    },
    {
      field: 'days',
      name: 'Days',
      type: 'integer',
      schema: { default_value: 30 },
      meta: { width: 'half', interface: 'input', options: { min: 1, max: 366 }, note: 'Decisions of so many days, until now.' },
    },
  ],
});

import { defineInterface } from '@directus/extensions-sdk';
import ReviewField from './ReviewField.vue';

/** In the form of a version: what it is, what was said of it, and the decision. Holds no data. */
export default defineInterface({
  id: 'artifacts-review',
  name: 'Artifact review',
  icon: 'fact_check',
  description: 'Shows a version of the artifact registry and takes the decision on it.',
  component: ReviewField,
  types: ['alias'],
  localTypes: ['presentation'],
  group: 'presentation',
  hideLabel: true,
  options: null,
});

import { defineModule } from '@directus/extensions-sdk';
import InboxView from './views/inbox/InboxView.vue';
import ReviewView from './views/review/ReviewView.vue';
import LineageView from './views/lineage/LineageView.vue';
import ProjectsView from './views/context/ProjectsView.vue';
import ContextView from './views/context/ContextView.vue';
import RunsView from './views/runs/RunsView.vue';
import RunView from './views/runs/RunView.vue';
import { READS_VERSIONS } from './access';

/** The Review desk: /admin/artifacts. */
export default defineModule({
  id: 'artifacts',
  name: 'Review desk',
  icon: 'fact_check',
  routes: [
    { path: '', name: 'artifacts-inbox', component: InboxView },
    { path: 'versions/:id', name: 'artifacts-review', component: ReviewView, props: true },
    { path: 'versions/:id/lineage', name: 'artifacts-lineage', component: LineageView, props: true },
    { path: 'projects', name: 'artifacts-projects', component: ProjectsView },
    { path: 'projects/:id', name: 'artifacts-context', component: ContextView, props: true },
    { path: 'runs', name: 'artifacts-runs', component: RunsView },
    { path: 'runs/:id', name: 'artifacts-run', component: RunView, props: true },
  ],
  preRegisterCheck: READS_VERSIONS,
});

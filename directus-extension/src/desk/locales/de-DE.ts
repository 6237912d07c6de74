import compare from './de-DE/compare';
import context from './de-DE/context';
import decide from './de-DE/decide';
import desk from './de-DE/desk';
import inbox from './de-DE/inbox';
import item from './de-DE/item';
import lineage from './de-DE/lineage';
import review from './de-DE/review';
import runs from './de-DE/runs';

export default { compare, context, decide, desk, inbox, item, lineage, review, runs };

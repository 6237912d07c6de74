import compare from './en-US/compare';
import context from './en-US/context';
import decide from './en-US/decide';
import desk from './en-US/desk';
import inbox from './en-US/inbox';
import item from './en-US/item';
import lineage from './en-US/lineage';
import review from './en-US/review';
import runs from './en-US/runs';

export default { compare, context, decide, desk, inbox, item, lineage, review, runs };

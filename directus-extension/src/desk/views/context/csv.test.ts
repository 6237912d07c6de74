import { expect, it } from 'vitest';
import { csvOf } from './csv';

it('writes rows that a spreadsheet reads, and no formulas', () => {
  const rows = [{ a: 'plain', b: 'with, comma and "quotes"' }, { a: '=HYPERLINK("x")', b: null }, { a: -3, b: { deep: 1 } }, { a: '@x', b: 'two\nlines' }];
  expect(csvOf(['a', 'b'], rows)).toBe(
    'a,b\r\nplain,"with, comma and ""quotes"""\r\n"\'=HYPERLINK(""x"")",\r\n-3,"{""deep"":1}"\r\n\'@x,"two\nlines"\r\n',
  );
});

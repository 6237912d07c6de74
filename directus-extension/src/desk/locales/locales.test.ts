import { describe, expect, it } from 'vitest';
import de from './de-DE';
import en from './en-US';

function keysOf(texts: object, above = ''): string[] {
  return Object.entries(texts).flatMap(([key, text]) => (typeof text === 'object' ? keysOf(text, `${above}${key}.`) : [`${above}${key}`]));
}

function textsOf(texts: object): string[] {
  return Object.values(texts).flatMap((text) => (typeof text === 'object' ? textsOf(text) : [String(text)]));
}

const valuesIn = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

describe('the second language', () => {
  it('says everything the first one says', () => {
    expect(keysOf(de).sort()).toEqual(keysOf(en).sort());
  });

  it('names the same values in each text', () => {
    const english = textsOf(en);
    textsOf(de).forEach((text, at) => expect(valuesIn(text), text).toEqual(valuesIn(english[at] ?? '')));
  });
});

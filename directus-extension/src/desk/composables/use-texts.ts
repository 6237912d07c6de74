import { useI18n } from 'vue-i18n';
import de from '../locales/de-DE';
import en from '../locales/en-US';

/**
 * The desk's own texts in the language of the person; English where a language lacks one.
 *
 * `t` takes a key of locales/en-US.ts; `d` and `n` write dates and numbers as the language does.
 */
export function useTexts() {
  const { locale } = useI18n({ useScope: 'global' });
  const own = useI18n({ useScope: 'local', inheritLocale: true, fallbackLocale: 'en-US', messages: { 'en-US': en, 'de-DE': de } });
  const t = own.t as (key: string, values?: Record<string, unknown> | number, plural?: number) => string;

  const d = (date: string | Date | null | undefined, style: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' }) =>
    date ? new Intl.DateTimeFormat(locale.value, style).format(new Date(date)) : '';
  const n = (value: number, style: Intl.NumberFormatOptions = {}) => new Intl.NumberFormat(locale.value, style).format(value);
  /** How long ago, in the largest unit that fits: "3 days ago". */
  const ago = (date: string | Date | null | undefined, now = Date.now()) => (date ? relative(new Date(date).getTime() - now, locale.value) : '');
  /** A number of bytes: "74 kB". */
  const bytes = (value: number) => {
    const steps = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
    const step = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), steps.length - 1);
    return n(value / 1000 ** step, { style: 'unit', unit: steps[step] ?? 'byte', unitDisplay: 'short', maximumFractionDigits: value < 10_000 ? 1 : 0 });
  };
  return { t, d, n, ago, bytes, locale };
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

export function relative(milliseconds: number, locale: string): string {
  const seconds = milliseconds / 1000;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
  return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(Math.round(seconds / size), unit);
}

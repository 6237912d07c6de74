import { useTexts } from '../../composables/use-texts';
import type { Choice } from './use-choices';

/** What a choice is called: a name of the data, or a text with its span of time. */
export function useSays(): (choice: Choice) => string {
  const { t } = useTexts();
  return ({ name, says, values }) => {
    if (name !== undefined) return name;
    const hours = Number(values?.['hours'] ?? 0);
    const [unit, count] = hours >= 24 ? ['day', Math.round(hours / 24)] : ['hour', hours];
    return says ? t(says, { ...values, ...(hours ? { span: t(`inbox.span.${unit}`, { count }, count as number) } : {}) }) : '';
  };
}

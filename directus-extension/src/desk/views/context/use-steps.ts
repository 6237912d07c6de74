/** Where one is among rows that come and go: on the same one, wherever it moves. Answers the place that the step leads to. */
export function useSteps(rows: () => readonly { id: string }[]): (by: 1 | -1) => number {
  let on: string | null = null;
  return (by) => {
    const from = rows().findIndex(({ id }) => id === on);
    const to = Math.min(Math.max(from + by, 0), rows().length - 1);
    on = rows()[to]?.id ?? null;
    return to;
  };
}

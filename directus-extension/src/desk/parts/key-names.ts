const NAMES: Record<string, string> = { ' ': 'Space', ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc', ctrl: 'Ctrl', shift: 'Shift', meta: 'Cmd', alt: 'Alt' };

/** The keys of a shortcut as they stand on a keyboard: `ctrl+Enter` is two, `+` is one. */
export function partsOf(key: string): string[] {
  const parts = key.length > 1 ? key.split('+') : [key];
  return parts.map((part) => NAMES[part] ?? part);
}

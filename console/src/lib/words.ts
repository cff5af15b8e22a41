// Words and colours of identities and states. Colours are those of docs/console.md, checked for
// contrast on #101820 (dark) and #eef1f4 (light).
export const identityTags = ['PND', 'UNK', 'AFR', 'FRD', 'NEU', 'SUS', 'HOS'] as const;
export const identityNames = [
  'pending', 'unknown', 'assumed friend', 'friend', 'neutral', 'suspect', 'hostile',
] as const;
export const stateNames = ['', 'tentative', 'confirmed', 'coasting', 'dropped'] as const;

export type Theme = 'dark' | 'light';

export const identityColours: Record<Theme, readonly string[]> = {
  dark: ['#FFFF80', '#FFFF80', '#80E0FF', '#56B4E9', '#5FD38D', '#FFB000', '#FF6B6B'],
  light: ['#6B5E00', '#6B5E00', '#00627F', '#0B5394', '#0B6B35', '#8A4B00', '#B3001B'],
};

/** Red, green, blue of `#RRGGBB`. */
export const rgb = (colour: string): [number, number, number] => [
  Number.parseInt(colour.slice(1, 3), 16), Number.parseInt(colour.slice(3, 5), 16), Number.parseInt(colour.slice(5, 7), 16),
];

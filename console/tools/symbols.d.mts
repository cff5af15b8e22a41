export function sidc(context: number, identity: number): string;
export function makeSymbols(): Record<string, { svg: string; x: number; y: number }>;
export function textOf(symbols: ReturnType<typeof makeSymbols>): string;

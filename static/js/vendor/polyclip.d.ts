export type Ring = [number, number][];
export type MultiPolygon = Ring[][];
type Shape = Ring[] | MultiPolygon;
type Operation = (first: Shape, ...more: Shape[]) => MultiPolygon;
export const difference: Operation;
export const intersection: Operation;
export const union: Operation;
export const xor: Operation;
export function setPrecision(tolerance?: number): void;

interface Bounds {
  minX: number;
  minY: number;
  maxX: number;
  maxY: number;
}

export default class RBush<T extends Bounds> {
  constructor(maxEntries?: number);
  insert(item: T): RBush<T>;
  load(items: readonly T[]): RBush<T>;
  remove(item: T): RBush<T>;
  clear(): RBush<T>;
  search(box: Bounds): T[];
  all(): T[];
}

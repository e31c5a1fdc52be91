/** Items of which the first of an order can be taken, each in logarithmic time. */
export interface Heap<Item> {
  readonly size: number;
  push(item: Item): void;
  /** Takes out the first item; undefined when there is none. */
  take(): Item | undefined;
}

/** An empty heap; `order` is negative where the left item comes first. */
export function createHeap<Item>(order: (left: Item, right: Item) => number): Heap<Item> {
  const items: Item[] = [];
  const isBefore = (left: number, right: number): boolean => {
    const [a, b] = [items[left], items[right]];
    return a !== undefined && b !== undefined && order(a, b) < 0;
  };
  const swap = (left: number, right: number): void => {
    const [a, b] = [items[left], items[right]];
    if (a !== undefined && b !== undefined) [items[left], items[right]] = [b, a];
  };
  return {
    get size() {
      return items.length;
    },
    push(item) {
      let at = items.push(item) - 1;
      for (let up = (at - 1) >> 1; at > 0 && isBefore(at, up); up = (at - 1) >> 1) {
        swap(at, up);
        at = up;
      }
    },
    take() {
      swap(0, items.length - 1);
      const first = items.pop();
      for (let at = 0; ; ) {
        const [left, right] = [2 * at + 1, 2 * at + 2];
        const child = isBefore(right, left) ? right : left;
        if (!isBefore(child, at)) return first;
        swap(child, at);
        at = child;
      }
    },
  };
}

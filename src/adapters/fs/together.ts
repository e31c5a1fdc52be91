/**
 * Does work for many callers at once: what is asked for while it goes on waits, and goes together into the next round. All
 * of a round get its result or its error; rounds come in the order of their callers.
 */
export function together<Item, Result>(
  work: (items: readonly Item[]) => Promise<Result>,
): (item: Item) => Promise<Result> {
  let waiting: { readonly items: Item[]; readonly result: Promise<Result> } | null = null;
  let last: Promise<unknown> = Promise.resolve();
  return (item) => {
    if (waiting === null) {
      const items: Item[] = [];
      const result = last.then(() => {
        waiting = null;
        return work(items);
      });
      waiting = { items, result };
      last = result.catch(() => undefined);
    }
    waiting.items.push(item);
    return waiting.result;
  };
}

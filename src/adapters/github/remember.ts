/** Keeps an answer. The one that was kept or asked for the longest ago makes room, so that a long run keeps what it asks for often. */
export function remember<Key, Value>(
  memory: Map<Key, Value>,
  key: Key,
  value: Value,
  entriesMax: number,
): void {
  memory.delete(key);
  memory.set(key, value);
  const [oldest] = memory.keys();
  if (memory.size > entriesMax && oldest !== undefined) memory.delete(oldest);
}

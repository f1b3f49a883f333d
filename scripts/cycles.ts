/**
 * The cycles of a directed graph, each once and as short as it is: for every group of nodes that reach each other,
 * a shortest way round.
 */
export function findCycles(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  return groups(edges)
    .filter((group) => group.length > 1 || edges.get(group[0] as string)?.has(group[0] as string))
    .map((group) => wayRound(edges, group.toSorted()));
}

/** Strongly connected groups (Tarjan's algorithm, with its own stack: import graphs are deep). */
function groups(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const found: string[][] = [];
  for (const start of edges.keys()) {
    if (order.has(start)) continue;
    const path: { node: string; next: Iterator<string> }[] = [];
    const enter = (node: string): void => {
      low.set(node, order.size);
      order.set(node, order.size);
      open.push(node);
      isOpen.add(node);
      path.push({ node, next: (edges.get(node) ?? new Set<string>()).values() });
    };
    enter(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { node } = top;
      const step = top.next.next();
      if (!step.done) {
        if (!order.has(step.value)) enter(step.value);
        else if (isOpen.has(step.value)) low.set(node, Math.min(low.get(node) ?? 0, order.get(step.value) ?? 0));
        continue;
      }
      path.pop();
      const parent = path.at(-1)?.node;
      if (parent !== undefined) low.set(parent, Math.min(low.get(parent) ?? 0, low.get(node) ?? 0));
      if (low.get(node) !== order.get(node)) continue;
      const group = open.splice(open.lastIndexOf(node));
      for (const member of group) isOpen.delete(member);
      found.push(group);
    }
  }
  return found;
}

/** A shortest cycle through the first node of a group, by breadth. */
function wayRound(edges: ReadonlyMap<string, ReadonlySet<string>>, group: readonly string[]): string[] {
  const start = group[0] as string;
  const inside = new Set(group);
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const node of queue) {
    for (const next of edges.get(node) ?? []) {
      if (next === start) {
        const way = [start];
        for (let at = node; at !== start; at = cameFrom.get(at) as string) way.splice(1, 0, at);
        return [...way, start];
      }
      if (!inside.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return [...group, start];
}

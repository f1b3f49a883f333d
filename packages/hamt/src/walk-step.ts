import type { CidBytes, Codec, Fetching } from "@copse/ipld";
import type { HamtEntry } from "./cursor.ts";
import { HamtError } from "./errors.ts";
import type { KeyCodec } from "./keys.ts";
import type { Layout } from "./layout.ts";
import { loadNode } from "./load-node.ts";
import { cidAt, countOf, type HamtNode, isLink } from "./node.ts";
import { EntryReader } from "./read-entry.ts";
import { wholeRoom } from "./room.ts";

/** A node of a walk without order, or where to get it. */
export interface WalkTask {
  readonly node: HamtNode | CidBytes;
  readonly depth: number;
}

/** Reads one node: appends its entries and its children. */
export function* walkStep<V, K>(
  layout: Layout,
  codec: Codec<V>,
  keys: KeyCodec<K> | undefined,
  task: WalkTask,
  found: HamtEntry<V, K>[],
  tasks: WalkTask[],
): Fetching<void> {
  const { depth } = task;
  if (depth >= layout.maxDepth) throw new HamtError("hamt/too-deep", { depth, limit: layout.maxDepth });
  const node = task.node instanceof Uint8Array ? loadNode(yield task.node, layout, depth, wholeRoom) : task.node;
  const { starts } = node;
  const reader = new EntryReader(codec, keys);
  for (let place = 0; place < countOf(node); place++) {
    if (isLink(layout, node, place)) {
      tasks.push({ node: node.children?.[place] ?? cidAt(layout, node, place), depth: depth + 1 });
      continue;
    }
    reader.open(node, (starts[place] as number) + layout.prefix, starts[place + 1] as number);
    while (reader.advance()) found.push([reader.key(), reader.value()]);
  }
}

import type { CidBytes } from "@copse/ipld";
import { HamtError } from "./errors.ts";
import type { Layout } from "./layout.ts";
import { loadNode } from "./load-node.ts";
import { cidAt, type HamtNode } from "./node.ts";
import { Room } from "./room.ts";

/**
 * A walk over nodes from bucket to bucket, which says what block it needs and is given it. The nodes it is given are kept
 * while it is below them.
 */
export class NodeWalk {
  readonly layout: Layout;
  readonly #room: Room = new Room();
  /** Nodes on the way down, and the places that come next in each. */
  readonly nodes: HamtNode[];
  readonly places: number[];
  /** The node of the bucket where the walk is. */
  node: HamtNode;
  /** Where that bucket is in the node's bytes. */
  start = 0;
  end = 0;

  constructor(layout: Layout, root: HamtNode) {
    this.layout = layout;
    this.node = root;
    this.nodes = [root];
    this.places = [0];
  }

  /** Goes to the next bucket: true. False: a block is needed for that, `wanted`, or there is none. */
  advance(): boolean {
    const { nodes, places } = this;
    const { prefix } = this.layout;
    for (let top = nodes.length - 1; top >= 0; ) {
      const node = nodes[top] as HamtNode;
      const { starts } = node;
      const place = places[top] as number;
      if (place === starts.length - 1) {
        nodes.pop();
        places.pop();
        top--;
        continue;
      }
      const child = node.children?.[place];
      if (child === undefined) {
        const start = (starts[place] as number) + prefix;
        if ((node.bytes[start] as number) >> 5 === 6) return false;
        this.node = node;
        this.start = start;
        this.end = starts[place + 1] as number;
        places[top] = place + 1;
        return true;
      }
      this.enter(child);
      top++;
    }
    return false;
  }

  /** Goes back to the root. */
  rewind(): void {
    this.nodes.length = 1;
    this.places.length = 1;
    this.places[0] = 0;
  }

  /** The block that the walk needs to go on; `undefined` where it is at the end. */
  get wanted(): CidBytes | undefined {
    const top = this.nodes.length - 1;
    return top < 0 ? undefined : cidAt(this.layout, this.nodes[top] as HamtNode, this.places[top] as number);
  }

  /** Gives the block that was wanted. */
  give(block: Uint8Array): void {
    this.enter(loadNode(block, this.layout, this.nodes.length, this.#room));
  }

  /** Goes into a child of the place at hand. */
  enter(child: HamtNode): void {
    const depth = this.nodes.length;
    const limit = this.layout.maxDepth;
    if (depth >= limit) throw new HamtError("hamt/too-deep", { depth, limit });
    (this.places[depth - 1] as number)++;
    this.nodes.push(child);
    this.places.push(0);
  }
}

import { CopseError } from "@copse/primitives";

/** Facts of each code the stores throw; trouble of the machine is a `HostFault` of `@copse/primitives` instead. */
export type BlockstoreFacts = {
  /** The store holds no block of that CID. `cid` is its text. */
  "blockstore/not-found": { cid: string };
  /** The store was opened for reading. */
  "blockstore/read-only": { operation: string };
  /** The store cannot tell what it holds: a gateway, a peer. */
  "blockstore/unlisted": Record<string, never>;
  /** Bytes that do not hash to the CID they came, or were given, under. `cid` is its text. */
  "blockstore/block-mismatch": { cid: string; during: "read" | "write"; length: number };
  /** A bounded holder of blocks in memory has no room. */
  "blockstore/memory-full": { holder: string; bytes: number; limit: number };
  /** A block that a flush meets is not what the chain's state may hold. */
  "blockstore/not-flushable": { cid: string; why: string };
  "blockstore/cid-too-long": { length: number; limit: number };
  "blockstore/key-too-long": { table: string; length: number; limit: number };
  "blockstore/key-empty": { table: string };
  /** Names of tables are 1 to 64 characters of a-z, 0-9 and `-`. */
  "blockstore/table-malformed": { table: string };
  /** The folder holds another layout than this release writes. */
  "blockstore/layout-unknown": { path: string; found: string; expected: string };
  /** A store broke a rule of the compliance suite. */
  "blockstore/not-compliant": { rule: string; found: string };
};

const say: { [Code in keyof BlockstoreFacts]: (facts: BlockstoreFacts[Code]) => string } = {
  "blockstore/not-found": (f) => `block ${f.cid} is not in the store`,
  "blockstore/read-only": (f) => `the store is open for reading only: ${f.operation}`,
  "blockstore/unlisted": () => "the store cannot list its blocks",
  "blockstore/block-mismatch": (f) =>
    `${f.length} B do not hash to ${f.cid}, under which they are to ${f.during === "read" ? "be read" : "be written"}`,
  "blockstore/memory-full": (f) => `the ${f.holder} would take ${f.bytes} B, limit ${f.limit} B`,
  "blockstore/not-flushable": (f) => `${f.cid} cannot be flushed: ${f.why}`,
  "blockstore/cid-too-long": (f) => `a CID of ${f.length} B, limit ${f.limit} B`,
  "blockstore/key-too-long": (f) => `a key of ${f.length} B in table ${f.table}, limit ${f.limit} B`,
  "blockstore/key-empty": (f) => `an empty key in table ${f.table}`,
  "blockstore/table-malformed": (f) => `${JSON.stringify(f.table)} is not a name of a table`,
  "blockstore/layout-unknown": (f) => `${f.path} holds layout ${f.found}, this release reads ${f.expected}`,
  "blockstore/not-compliant": (f) => `${f.rule}: found ${f.found}`,
};

/** A request that a store cannot serve, whatever the machine. */
export class BlockstoreError<Code extends keyof BlockstoreFacts = keyof BlockstoreFacts> extends CopseError<
  Code,
  BlockstoreFacts[Code]
> {
  // Not a literal type: NotFoundError below carries the name that users of interface-blockstore test for.
  override readonly name: string = "BlockstoreError";

  constructor(code: Code, facts: BlockstoreFacts[Code], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}

/**
 * What `get` throws for a block that is not there. Its `name` is the one of interface-store's error, by which Helia and
 * others recognise it.
 *
 * @example
 * try { await store.get(cid).next(); } catch (error) { error.name } // => "NotFoundError"
 */
export class NotFoundError extends BlockstoreError<"blockstore/not-found"> {
  override readonly name: string = "NotFoundError";

  constructor(cid: string) {
    super("blockstore/not-found", { cid });
  }
}

import { CborReader, type CidBytes, type SyncBlockReader } from "@copse/ipld";

/** A key or nothing, and a value's bytes. */
export type HeldEntry = readonly [key: Uint8Array, value: Uint8Array];

/** The entries of a HAMT as far as its blocks are held, by a few lines of their own. */
export function* heldHamt(root: CidBytes, store: SyncBlockReader): Generator<HeldEntry> {
  const block = store.getSync(root);
  if (block === undefined) return;
  const reader = new CborReader(block);
  reader.array(2);
  reader.bytes();
  for (let pointers = reader.array(); pointers > 0; pointers--) {
    if (reader.peekMajor() === 6) {
      yield* heldHamt(reader.link().slice(), store);
      continue;
    }
    for (let entries = reader.array(); entries > 0; entries--) {
      reader.array(2);
      yield [reader.bytes().slice(), reader.skip().slice()];
    }
  }
  reader.end();
}

/** The values of an AMT as far as its blocks are held. */
export function* heldAmt(root: CidBytes, store: SyncBlockReader): Generator<HeldEntry> {
  const block = store.getSync(root);
  if (block === undefined) return;
  const reader = new CborReader(block);
  reader.array(4);
  for (let i = 0; i < 3; i++) reader.skip();
  yield* heldValues(reader, store);
}

function* heldValues(reader: CborReader, store: SyncBlockReader): Generator<HeldEntry> {
  reader.array(3);
  reader.bytes();
  const links = Array.from({ length: reader.array() }, () => reader.link().slice());
  for (let values = reader.array(); values > 0; values--) yield [new Uint8Array(), reader.skip().slice()];
  reader.end();
  for (const link of links) {
    const block = store.getSync(link);
    if (block !== undefined) yield* heldValues(new CborReader(block), store);
  }
}

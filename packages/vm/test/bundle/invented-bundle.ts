import { encodeCar } from "@copse/car";
import { CborWriter, type CidBytes, cidOf, rawCidOf } from "@copse/ipld";

/** What an invented bundle may be told to be. */
export interface InventedBundle {
  readonly root: CidBytes;
  readonly list: CidBytes;
  readonly car: Uint8Array;
}

/** Overrides of a sound bundle's parts. */
export interface Oddities {
  readonly version?: number;
  readonly entries?: readonly (readonly [name: string, code: CidBytes])[];
  readonly leaveOut?: "root" | "list" | "code";
  readonly roots?: readonly CidBytes[];
}

/** Code of no actor: a Wasm module's first bytes, and what tells one from another. */
export const inventedCode = (tell: number): Uint8Array => Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, tell);

/** A bundle of two actors. */
export function inventBundle(odd: Oddities = {}): InventedBundle {
  const codes = [inventedCode(1), inventedCode(2)];
  const usual = codes.map((code, at) => [at === 0 ? "system" : "init", rawCidOf(code)] as const);
  const writer = new CborWriter();
  const entries = odd.entries ?? usual;
  writer.array(entries.length);
  for (const [name, code] of entries) writer.array(2).text(name).link(code);
  const listBlock = writer.finish();
  const list = cidOf(listBlock);
  const rootBlock = new CborWriter()
    .array(2)
    .uint(odd.version ?? 1)
    .link(list)
    .finish();
  const root = cidOf(rootBlock);
  const blocks = codes.map((bytes) => ({ cid: rawCidOf(bytes), bytes }));
  if (odd.leaveOut === "code") blocks.pop();
  if (odd.leaveOut !== "list") blocks.push({ cid: list, bytes: listBlock });
  if (odd.leaveOut !== "root") blocks.push({ cid: root, bytes: rootBlock });
  return { root, list, car: encodeCar(odd.roots ?? [root], blocks) };
}
